//! Everything that decides what the AI says: jobs, providers, prompts.
