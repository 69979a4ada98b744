//! Prompts: what the AI is told. The defaults are part of the program; an account's own texts are rows.

mod catalogue;
mod template;

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::ai_processor::v1 as pb;
use contracts::ai_processor::v1::prompt_service_server::PromptService;
use db::{AccountConn, Page};
use diesel::dsl::{Eq, now};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use rpc::{Error, timestamp};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use self::catalogue::{CATALOGUE, Default, Variable};
use crate::App;
use crate::schema::igny8_ai_prompts;

#[derive(Debug)]
pub struct Prompts(pub Arc<App>);

#[tonic::async_trait]
impl PromptService for Prompts {
    async fn list_prompts(
        &self,
        request: Request<pb::ListPromptsRequest>,
    ) -> Result<Response<pb::ListPromptsResponse>, Status> {
        let (caller, request) = rpc::open(request)?;
        let filter = request.filter.unwrap_or_default();
        let rows = self.0.db.transaction(&caller, async |conn| {
            let rows = Prompt::query().filter(owned_by(conn));
            Ok(rows.load(conn).await?)
        });
        let mut rows: HashMap<String, Prompt> =
            rows.await?.into_iter().map(|row: Prompt| (row.key.clone(), row)).collect();
        let prompts = CATALOGUE.iter().map(|default| shown(default, rows.remove(default.key)));
        let asked = |prompt: &pb::Prompt| {
            filter.action.is_none_or(|action| prompt.action == action)
                && filter.customised.is_none_or(|customised| prompt.customised == customised)
        };
        let found: Vec<pb::Prompt> = prompts.filter(asked).collect();
        let count = i64::try_from(found.len()).unwrap_or(i64::MAX);
        let page = Page::of(request.page, request.page_size);
        let [before, size] = [page.offset, page.limit].map(|rows| usize::try_from(rows).unwrap_or(usize::MAX));
        let results = found.into_iter().skip(before).take(size).collect();
        Ok(Response::new(pb::ListPromptsResponse { results, count, count_is_exact: true }))
    }

    async fn get_prompt(&self, request: Request<pb::GetPromptRequest>) -> Result<Response<pb::Prompt>, Status> {
        let (caller, request) = rpc::open(request)?;
        let default = default(&request.key)?;
        let row = self.0.db.transaction(&caller, async |conn| {
            let row = Prompt::query().filter(owned_by(conn)).filter(igny8_ai_prompts::key.eq(default.key));
            Ok(row.first(conn).await.optional()?)
        });
        Ok(Response::new(shown(default, row.await?)))
    }

    async fn update_prompt(&self, request: Request<pb::UpdatePromptRequest>) -> Result<Response<pb::Prompt>, Status> {
        let (caller, request) = rpc::open(request)?;
        let default = default(&request.key)?;
        template::check(&request.template, default.variables).map_err(|message| Error::invalid("template", message))?;
        let row = self.0.db.transaction(&caller, async |conn| {
            let row: Prompt = diesel::insert_into(igny8_ai_prompts::table)
                .values((
                    igny8_ai_prompts::account_id.eq(conn.account().uuid()),
                    igny8_ai_prompts::key.eq(default.key),
                    igny8_ai_prompts::template.eq(&request.template),
                ))
                .on_conflict((igny8_ai_prompts::account_id, igny8_ai_prompts::key))
                .do_update()
                .set((
                    igny8_ai_prompts::template.eq(&request.template),
                    igny8_ai_prompts::version.eq(igny8_ai_prompts::version + 1),
                    igny8_ai_prompts::updated_at.eq(now),
                ))
                .returning(Prompt::as_returning())
                .get_result(conn)
                .await?;
            let details = [("key", default.key.to_owned()), ("version", row.version.to_string())];
            db::audit::record(conn, &caller, "prompt.updated", None, details).await?;
            Ok(row)
        });
        Ok(Response::new(shown(default, Some(row.await?))))
    }

    async fn reset_prompt(&self, request: Request<pb::ResetPromptRequest>) -> Result<Response<pb::Prompt>, Status> {
        let (caller, request) = rpc::open(request)?;
        let default = default(&request.key)?;
        let row = self.0.db.transaction(&caller, async |conn| {
            let own = igny8_ai_prompts::table.filter(owned_by(conn)).filter(igny8_ai_prompts::key.eq(default.key));
            let row: Option<Prompt> = diesel::update(own.filter(igny8_ai_prompts::template.is_not_null()))
                .set((igny8_ai_prompts::template.eq(None::<String>), igny8_ai_prompts::updated_at.eq(now)))
                .returning(Prompt::as_returning())
                .get_result(conn)
                .await
                .optional()?;
            if row.is_some() {
                let details = [("key", default.key.to_owned())];
                db::audit::record(conn, &caller, "prompt.reset", None, details).await?;
            }
            Ok(row)
        });
        Ok(Response::new(shown(default, row.await?)))
    }
}

/// One row of `igny8_ai_prompts`.
#[derive(Debug, HasQuery)]
#[diesel(table_name = igny8_ai_prompts)]
struct Prompt {
    key: String,
    template: Option<String>,
    version: i32,
    updated_at: DateTime<Utc>,
}

/// Every statement on this table names its account through here.
fn owned_by(conn: &AccountConn) -> Eq<igny8_ai_prompts::account_id, Uuid> {
    igny8_ai_prompts::account_id.eq(conn.account().uuid())
}

fn default(key: &str) -> rpc::Result<&'static Default> {
    CATALOGUE.iter().find(|default| default.key == key).ok_or_else(|| Error::not_found("prompt"))
}

/// A prompt as the account has it: its own text, or the default.
fn shown(default: &Default, row: Option<Prompt>) -> pb::Prompt {
    let Default { key, action, content_type, name, description, version, template, variables } = *default;
    let updated_at = row.as_ref().map(|row| timestamp::of(row.updated_at));
    let own = row.and_then(|Prompt { template, version, .. }| Some((template?, version)));
    let (customised, own_version) = (own.is_some(), own.as_ref().map(|(_, version)| format!("{key}@{version}")));
    pb::Prompt {
        key: key.to_owned(),
        action: action.into(),
        content_type: content_type.map(str::to_owned),
        name: name.to_owned(),
        description: description.to_owned(),
        template: own.map_or_else(|| template.to_owned(), |(own, _)| own),
        customised,
        version: own_version.unwrap_or_else(|| format!("{key}@default.{version}")),
        default_template: template.to_owned(),
        variables: variables.iter().map(pb::PromptVariable::from).collect(),
        updated_at,
    }
}

impl From<&Variable> for pb::PromptVariable {
    fn from(variable: &Variable) -> Self {
        let Variable { name, description, required } = *variable;
        Self { name: name.to_owned(), description: description.to_owned(), required }
    }
}
