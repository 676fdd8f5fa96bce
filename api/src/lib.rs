//! How the world talks to Rollbook.
