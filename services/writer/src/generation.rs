//! Having articles written and images made: by a person ([`Generation`]), or for automation ([`start_content`], [`start_images`]).
//!
//! Each article and each picture is a piece of work of its own: [`content`], [`prompts`] and [`pictures`] say what is asked of ai-processor
//! and what is done with the result, [`start`] begins many of them.

mod article;
mod content;
mod pictures;
mod plan;
mod prompts;
mod start;
mod unattended;

use std::sync::Arc;

use contracts::ai_processor::v1::JobReceipt;
use contracts::writer::v1 as pb;
use contracts::writer::v1::generation_service_server::GenerationService;
use jobs::JobRequest;
use tonic::{Request, Response, Status};

use crate::{App, files};

pub use unattended::{start_content, start_images};

#[derive(Debug)]
pub struct Generation(pub Arc<App>);

#[tonic::async_trait]
impl GenerationService for Generation {
    async fn auto_generate_content(
        &self,
        request: Request<pb::AutoGenerateContentRequest>,
    ) -> Result<Response<pb::StartedWork>, Status> {
        let (caller, request) = rpc::open(request)?;
        let work =
            start::Asked { caller: &caller, dry_run: request.dry_run, method: "generation_auto_generate_content" };
        let plan = async |conn: &mut db::AccountConn| plan::articles(conn, &request).await;
        Ok(Response::new(start::start(&self.0, work, &request, plan).await?))
    }

    async fn auto_generate_images(
        &self,
        request: Request<pb::AutoGenerateImagesRequest>,
    ) -> Result<Response<pb::StartedWork>, Status> {
        let (caller, request) = rpc::open(request)?;
        let work =
            start::Asked { caller: &caller, dry_run: request.dry_run, method: "generation_auto_generate_images" };
        let plan = async |conn: &mut db::AccountConn| plan::images(conn, &request).await;
        Ok(Response::new(start::start(&self.0, work, &request, plan).await?))
    }
}

/// What this service asks ai-processor for.
pub fn actions(db: &db::Db, files: &files::Store) -> Vec<Box<dyn jobs::Action>> {
    vec![
        Box::new(content::WriteArticle),
        Box::new(prompts::DescribeImages),
        Box::new(pictures::MakePicture { db: db.clone(), files: files.clone() }),
    ]
}

/// What a result took, for people.
fn receipt(request: &JobRequest, receipt: JobReceipt) -> pb::WorkReceipt {
    let JobReceipt { provider, model, prompt_version, tokens_in, tokens_out, cost_microusd } = receipt;
    pb::WorkReceipt {
        job_id: request.id.to_string(),
        provider,
        model,
        prompt_version,
        tokens_in,
        tokens_out,
        cost_microusd,
        credits: request.charge.unwrap_or_default(),
    }
}
