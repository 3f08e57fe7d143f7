//! listing.
