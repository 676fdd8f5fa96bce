//! Tests of the permission model.
