//! L2, the embedded HTTP balancer: who is there, who is well, who is next, and the pin that overrules it.
