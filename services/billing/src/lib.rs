//! Plans, prices and the ledger of credits.
