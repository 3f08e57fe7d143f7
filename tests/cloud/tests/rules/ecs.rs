//! Rules of `ecs`.
