//! L3, what is done to the fleet, and the run log that it leaves.
