//! L5, the demo shop: a small web app in two variants, and the store that its sound variant shares.
