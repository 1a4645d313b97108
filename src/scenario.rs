//! L1, the Hurl subset: parse to steps, capture and assert over responses.
