//! What only rules made for a test can bring about: a panic while deciding.
