//! Rules of `quotas`.
