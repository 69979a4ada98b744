//! Articles of a provider that is paid for each answer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ai_processor::provider::Failure;
use ai_processor::provider::article::{self, Ask, Desk, Part, Reply};
use ai_processor::worker::{Claim, Reporter, Steps};
use contracts::ai_processor::v1 as pb;
use uuid::Uuid;

use crate::harness::{LONG, Processor};

const HEADINGS: [&str; 4] = ["Flour", "Water", "Time", "Heat"];

/// What a provider was asked for, in its order.
type Bill = Mutex<Vec<String>>;

/// Each section takes two answers. With `last`, the worker dies before it is asked for that.
async fn attempt(
    processor: &Processor,
    claim: &Claim,
    bill: &Bill,
    last: Option<&str>,
) -> Result<pb::ContentResult, Failure> {
    let steps = Steps::new(processor.app.db.clone(), claim.account, claim.job, claim.epoch);
    let reporter = Reporter::new(Arc::default());
    let outline = async {
        bill.lock().unwrap().push("outline".to_owned());
        let section = |heading: &str| pb::ContentSection { heading: heading.to_owned(), html: String::new() };
        Ok(pb::ContentResult { sections: HEADINGS.map(section).to_vec(), ..Default::default() })
    };
    let ask = |ask: Ask| async move {
        let (name, text) = match ask.part {
            Part::Section { heading, .. } => (heading.clone(), format!("<p>First of {heading}. Then more.</p>")),
            part => ("frame".to_owned(), format!("<p>{part:?} text.</p>")),
        };
        if last == Some(name.as_str()) {
            return Err(Failure::Transient { code: "DIED", message: "The worker died.".to_owned(), retry_after: None });
        }
        let rest = text.strip_prefix(ask.written.as_str()).unwrap().to_owned();
        let long = ask.written.is_empty() && name != "frame";
        bill.lock().unwrap().push(if ask.written.is_empty() { name } else { format!("rest of {name}") });
        Ok(Reply { html: if long { rest[..20].to_owned() } else { rest }, cut_off: long })
    };
    article::write(Desk { reporter: &reporter, steps: Some(&steps) }, b"task", outline, ask).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_paid_for_before_a_worker_died_is_not_asked_for_again() {
    let processor = Processor::still().await;
    let bill = Bill::default();
    let claim = processor.claimed(Uuid::now_v7(), Duration::ZERO).await;
    attempt(&processor, &claim, &bill, Some("Time")).await.unwrap_err();
    assert_eq!(
        std::mem::take(&mut *bill.lock().unwrap()),
        ["outline", "frame", "Flour", "rest of Flour", "Water", "rest of Water"]
    );

    assert_eq!((processor.sweep().await, processor.sweep().await), (1, 1));
    let next = processor.claim(&processor.dispatch().await, LONG).await.pop().unwrap();
    assert_eq!((next.job, next.epoch), (claim.job, claim.epoch + 1));
    let article = attempt(&processor, &next, &bill, None).await.unwrap();
    assert_eq!(std::mem::take(&mut *bill.lock().unwrap()), ["Time", "rest of Time", "Heat", "rest of Heat", "frame"]);
    let sections: Vec<&str> = article.sections.iter().map(|section| section.html.as_str()).collect();
    assert_eq!(sections, HEADINGS.map(|heading| format!("<p>First of {heading}. Then more.</p>")));

    // Who lost the job pays for one answer at the most, and keeps none.
    processor.execute("DELETE FROM igny8_job_steps").await;
    let late = attempt(&processor, &claim, &bill, None).await.unwrap_err();
    assert!(matches!(late, Failure::Transient { code: "JOB_LOST", .. }), "{late:?}");
    assert_eq!(std::mem::take(&mut *bill.lock().unwrap()), ["outline"]);
    assert_eq!(processor.count("SELECT 1 FROM igny8_job_steps").await, 0);
}
