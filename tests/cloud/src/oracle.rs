//! The judge: lists all that exists and says what is wrong with it.
