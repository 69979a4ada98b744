//! wip

mod generated {
    #![expect(
        clippy::all, clippy::pedantic, clippy::allow_attributes, clippy::allow_attributes_without_reason, missing_docs,
        reason = "generated code is judged by its generator"
    )]
    include!(concat!(env!("OUT_DIR"), "/igny8.rs"));
}
pub use generated::igny8::*;
