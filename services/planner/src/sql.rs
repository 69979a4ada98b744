//! Statements that are put together from what a request asks for, with their values bound.
//!
//! They differ in their text only by which filters, which order and which page size they have, so that each is prepared once for a
//! connection. The size of a page stands in the text: were it bound, PostgreSQL would plan for a tenth of all rows, find that plan dear,
//! and plan anew at every use.

use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types as sql;
use uuid::Uuid;

/// A statement whose rows have the columns `Columns`.
#[derive(Debug, Clone)]
pub struct Sql<Columns = ()> {
    parts: Vec<Part>,
    columns: PhantomData<Columns>,
}

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Value(Value),
}

/// A value to bind.
#[derive(Debug, Clone)]
pub enum Value {
    Id(Uuid),
    Ids(Vec<Uuid>),
    Text(Option<String>),
    Texts(Vec<String>),
    Number(Option<i64>),
    Small(Option<i16>),
    Real(Option<f64>),
    Time(DateTime<Utc>),
}

impl<Columns> Default for Sql<Columns> {
    fn default() -> Self {
        Self { parts: Vec::new(), columns: PhantomData }
    }
}

impl<Columns> Sql<Columns> {
    /// A statement that begins with this text.
    pub fn new(text: &str) -> Self {
        Self::default().text(text)
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Goes on with this text.
    pub fn text(mut self, text: &str) -> Self {
        match self.parts.last_mut() {
            Some(Part::Text(before)) => before.push_str(text),
            _ => self.parts.push(Part::Text(text.to_owned())),
        }
        self
    }

    /// Goes on with this value.
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.parts.push(Part::Value(value.into()));
        self
    }

    /// Goes on with another statement.
    pub fn add<Other>(mut self, other: &Sql<Other>) -> Self {
        for part in &other.parts {
            self = match part {
                Part::Text(text) => self.text(text),
                Part::Value(value) => self.bind(value.clone()),
            };
        }
        self
    }
}

impl From<Uuid> for Value {
    fn from(id: Uuid) -> Self {
        Self::Id(id)
    }
}

impl From<Vec<Uuid>> for Value {
    fn from(ids: Vec<Uuid>) -> Self {
        Self::Ids(ids)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<String>> for Value {
    fn from(texts: Vec<String>) -> Self {
        Self::Texts(texts)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Number(number)
    }
}

impl From<Option<i16>> for Value {
    fn from(number: Option<i16>) -> Self {
        Self::Small(number)
    }
}

impl From<Option<f64>> for Value {
    fn from(number: Option<f64>) -> Self {
        Self::Real(number)
    }
}

impl From<DateTime<Utc>> for Value {
    fn from(time: DateTime<Utc>) -> Self {
        Self::Time(time)
    }
}

impl<Columns> QueryFragment<Pg> for Sql<Columns> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_sql(text),
                Part::Value(Value::Id(id)) => out.push_bind_param::<sql::Uuid, _>(id)?,
                Part::Value(Value::Ids(ids)) => out.push_bind_param::<sql::Array<sql::Uuid>, _>(ids)?,
                Part::Value(Value::Text(text)) => out.push_bind_param::<sql::Nullable<sql::Text>, _>(text)?,
                Part::Value(Value::Texts(texts)) => out.push_bind_param::<sql::Array<sql::Text>, _>(texts)?,
                Part::Value(Value::Number(number)) => out.push_bind_param::<sql::Nullable<sql::BigInt>, _>(number)?,
                Part::Value(Value::Small(number)) => out.push_bind_param::<sql::Nullable<sql::SmallInt>, _>(number)?,
                Part::Value(Value::Real(number)) => out.push_bind_param::<sql::Nullable<sql::Double>, _>(number)?,
                Part::Value(Value::Time(time)) => out.push_bind_param::<sql::Timestamptz, _>(time)?,
            }
        }
        Ok(())
    }
}

impl<Columns> QueryId for Sql<Columns> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Columns> Query for Sql<Columns> {
    type SqlType = Columns;
}
