//! Which images a list shows.

use contracts::writer::v1::{self as pb, ImageSlot, ImageState};
use db::{AccountConn, Stored, contains_pattern};
use diesel::pg::Pg;
use diesel::prelude::*;
use rpc::Result;
use uuid::Uuid;

use super::row::owned_by;
use crate::schema::igny8_images;

type Query = igny8_images::BoxedQuery<'static, Pg>;

#[derive(Debug, Default)]
pub(super) struct Filter {
    site: Option<Uuid>,
    sector: Option<Uuid>,
    content: Option<Uuid>,
    slot: Option<ImageSlot>,
    state: Option<ImageState>,
    search: Option<String>,
}

impl Filter {
    pub(super) fn read(filter: Option<&pb::ImageFilter>) -> Result<Self> {
        let Some(filter) = filter else { return Ok(Self::default()) };
        let id = |field: &str, text: &Option<String>| text.as_deref().map(|id| rpc::id(field, id)).transpose();
        Ok(Self {
            site: id("site_id", &filter.site_id)?,
            sector: id("sector_id", &filter.sector_id)?,
            content: id("content_id", &filter.content_id)?,
            slot: filter.slot.map(|_| filter.slot()),
            state: filter.state.map(|_| filter.state()),
            search: Some(&filter.search).filter(|text| !text.is_empty()).map(|text| contains_pattern(text)),
        })
    }

    pub(super) fn query(&self, conn: &AccountConn) -> Query {
        let live = igny8_images::deleted_at.is_null();
        let mut query = igny8_images::table.filter(owned_by(conn)).filter(live).into_boxed();
        if let Some(site) = self.site {
            query = query.filter(igny8_images::site_id.eq(site));
        }
        if let Some(sector) = self.sector {
            query = query.filter(igny8_images::sector_id.eq(sector));
        }
        if let Some(content) = self.content {
            query = query.filter(igny8_images::content_id.eq(content));
        }
        if let Some(slot) = self.slot {
            query = query.filter(igny8_images::slot.eq(Stored(slot)));
        }
        if let Some(state) = self.state {
            query = query.filter(igny8_images::state.eq(Stored(state)));
        }
        if let Some(pattern) = &self.search {
            let alt = igny8_images::alt.ilike(pattern.clone());
            query = query.filter(alt.or(igny8_images::prompt.ilike(pattern.clone())));
        }
        query
    }

    /// The images of one article in its order, else the newest articles first.
    pub(super) fn ordered(&self, conn: &AccountConn) -> Query {
        let query = self.query(conn);
        let query = match self.content {
            Some(_) => query,
            None => query.order_by(igny8_images::content_id.desc()),
        };
        query.then_order_by((igny8_images::slot.asc(), igny8_images::place.asc(), igny8_images::id.asc()))
    }
}
