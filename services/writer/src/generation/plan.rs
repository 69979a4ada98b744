//! Which pieces of work a request means.

use std::collections::BTreeMap;

use contracts::writer::v1 as pb;
use contracts::writer::v1::{ImageState, TaskStatus};
use db::AccountConn;
use rpc::{Error, Result};
use uuid::Uuid;

use super::{content, pictures, prompts};
use crate::contents;
use crate::images::Image;
use crate::selection::ids;
use crate::tasks::{self, Task};

/// Pieces that one request may begin.
const MAX: usize = 200;

/// Something to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) object: Uuid,
    pub(super) site: Uuid,
    pub(super) work: Work,
    /// What is paid for, as words.
    pub(super) units: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Work {
    Article,
    Description,
    Picture,
}

impl Work {
    pub(super) fn action(self) -> &'static str {
        match self {
            Self::Article => content::NAME,
            Self::Description => prompts::NAME,
            Self::Picture => pictures::NAME,
        }
    }

    /// About how long one takes.
    pub(super) fn seconds(self) -> f64 {
        match self {
            Self::Article => 2.0,
            Self::Description => 0.5,
            Self::Picture => 1.0,
        }
    }
}

/// What to begin, and what cannot be.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) pieces: Vec<Piece>,
    pub(super) left_out: Vec<pb::LeftOutPiece>,
}

/// The articles of the tasks that wait for one.
pub(super) async fn articles(conn: &mut AccountConn, request: &pb::AutoGenerateContentRequest) -> Result<Plan> {
    let selected = tasks::selected(conn, &request.tasks.clone().unwrap_or_default()).await?;
    few(selected.len(), "tasks")?;
    let mut plan = Plan::default();
    for task in Task::lock_all(conn, &selected).await? {
        if task.status.0 == TaskStatus::Queued {
            let (object, site, units) = (task.id, task.site_id, task.word_count.into());
            plan.pieces.push(Piece { object, site, work: Work::Article, units });
        } else {
            let why = "This task does not wait for its article: it has one, one is being written, or it was put aside.";
            plan.left_out.push(left_out(task.id, &Error::precondition("TASK_STATUS", why)));
        }
    }
    if plan.pieces.is_empty() {
        let message = "None of these tasks waits for its article: choose tasks that are queued.";
        return Err(Error::precondition("NOTHING_TO_WRITE", message));
    }
    Ok(plan)
}

/// The pictures that articles lack, and one more for each single image.
pub(super) async fn images(conn: &mut AccountConn, request: &pb::AutoGenerateImagesRequest) -> Result<Plan> {
    let (articles, single) = (ids("content_ids", &request.content_ids)?, ids("image_ids", &request.image_ids)?);
    if articles.is_empty() && single.is_empty() {
        return Err(Error::invalid("content_ids", "Nothing is selected. Send the ids of articles or of images."));
    }
    let mut pieces: BTreeMap<Uuid, Piece> = BTreeMap::new();
    for article in articles {
        let content = contents::Content::get(conn, article).await?;
        let images = Image::of_content(conn, article).await?;
        if images.is_empty() {
            let (site, work) = (content.site_id, Work::Description);
            pieces.insert(article, Piece { object: article, site, work, units: 1 });
        }
        let empty = images.into_iter().filter(|image| image.state.0 != ImageState::Generated);
        pieces.extend(empty.map(|image| (image.id, picture(&image))));
    }
    pieces.extend(Image::of(conn, &single).await?.iter().map(|image| (image.id, picture(image))));
    few(pieces.len(), "images")?;
    if pieces.is_empty() {
        let message = "Every image of these articles has its picture. Name single images to have further ones made.";
        return Err(Error::precondition("NOTHING_TO_MAKE", message));
    }
    Ok(Plan { pieces: pieces.into_values().collect(), left_out: Vec::new() })
}

fn picture(image: &Image) -> Piece {
    Piece { object: image.id, site: image.site_id, work: Work::Picture, units: 1 }
}

pub(super) fn left_out(object: Uuid, why: &Error) -> pb::LeftOutPiece {
    let (reason, message) = (why.reason().to_owned(), why.message().to_owned());
    pb::LeftOutPiece { object_id: object.to_string(), reason, message }
}

fn few(count: usize, what: &str) -> Result<()> {
    if count <= MAX {
        return Ok(());
    }
    let message = format!("One request takes at most {MAX} {what}, and this means {count}. Choose fewer.");
    Err(Error::invalid("ids", message))
}
