//! A service from outside: real sockets, real certificates.

mod fixture;
mod health;
mod life;
mod metrics;
