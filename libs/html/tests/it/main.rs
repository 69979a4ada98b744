//! What goes and what stays.

mod hostile;
mod ordinary;
