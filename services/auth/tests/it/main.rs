//! The service as its callers see it: over gRPC, behind its real layers, on a real database.

mod accounts;
mod api_keys;
mod audit;
mod exchange;
mod fixtures;
mod harness;
mod industries;
mod invitations;
mod keys;
mod mail;
mod passwords;
mod sectors;
mod sessions;
mod site_access;
mod sites;
mod sweeper;
mod throttle;
mod undo;
mod users;
