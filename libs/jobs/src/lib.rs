//! The requester's half of the job protocol: quote, hold, submit, and apply the result once.
