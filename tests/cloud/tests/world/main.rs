//! The world as a whole: its judge, its determinism, its control API, and the table of its rules.

mod control;
mod determinism;
mod log;
mod oracle;
mod stack;
mod table;
