//! wip
use crate::model::Model;
pub(crate) fn document(_model: &Model) -> String { "{}".to_owned() }
