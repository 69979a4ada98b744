//! The planner service: `planner serve`, `planner migrate`, `planner healthcheck`.

fn main() {}
