//! The ai-processor service: `ai-processor serve`, `ai-processor migrate`, `ai-processor healthcheck`.

fn main() {}
