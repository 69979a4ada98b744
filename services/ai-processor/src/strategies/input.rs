//! What a strategy is made of and changed by.

use contracts::JsonEnum;
use contracts::ai_processor::v1 as pb;
use contracts::planner::v1::ContentStructure;
use diesel::prelude::*;
use rpc::{Error, Mask};
use uuid::Uuid;

use crate::schema::igny8_strategies;

#[derive(Debug, Insertable)]
#[diesel(table_name = igny8_strategies)]
pub(super) struct New<'r> {
    id: Uuid,
    pub(super) site_id: Uuid,
    pub(super) sector_id: Uuid,
    audience: &'r str,
    goal: &'r str,
    notes: &'r str,
    structures: &'r [String],
    avoid: &'r [String],
    word_count: Option<i32>,
}

impl<'r> New<'r> {
    pub(super) fn read(request: &'r pb::CreateStrategyRequest) -> rpc::Result<Self> {
        let pb::CreateStrategyRequest { site_id, sector_id, audience, goal, notes, structures, avoid, word_count } =
            request;
        let (site_id, sector_id) = (rpc::id("site_id", site_id)?, rpc::id("sector_id", sector_id)?);
        let structures = known(structures)?;
        let word_count = *word_count;
        Ok(Self { id: Uuid::now_v7(), site_id, sector_id, audience, goal, notes, structures, avoid, word_count })
    }
}

#[derive(Debug, AsChangeset)]
#[diesel(table_name = igny8_strategies)]
#[expect(
    clippy::option_option,
    reason = "the outer says whether the change names the column, the inner what it becomes"
)]
pub(super) struct Change<'r> {
    audience: Option<&'r str>,
    goal: Option<&'r str>,
    notes: Option<&'r str>,
    structures: Option<&'r [String]>,
    avoid: Option<&'r [String]>,
    word_count: Option<Option<i32>>,
}

impl<'r> Change<'r> {
    pub(super) fn read(request: &'r pb::UpdateStrategyRequest) -> rpc::Result<Self> {
        let mask = Mask::of(&request.update_mask);
        let structures = mask.has("structures").then(|| known(&request.structures)).transpose()?;
        Ok(Self {
            audience: mask.when("audience", &request.audience),
            goal: mask.when("goal", &request.goal),
            notes: mask.when("notes", &request.notes),
            structures,
            avoid: mask.when("avoid", &request.avoid),
            word_count: mask.when("word_count", request.word_count),
        })
    }
}

/// Refuses a structure that no idea can have.
fn known(structures: &[String]) -> rpc::Result<&[String]> {
    match structures.iter().position(|name| ContentStructure::from_json_name(name).is_none()) {
        None => Ok(structures),
        Some(at) => {
            let message = format!("There is no such structure. There are: {}.", ContentStructure::NAMES.join(", "));
            Err(Error::invalid(format!("structures.{at}"), message))
        }
    }
}
