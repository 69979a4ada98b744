//! The billing service: `billing serve`, `billing migrate`, `billing healthcheck`.

fn main() {}
