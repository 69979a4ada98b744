//! The result of a job, pulled from ai-processor outside of any transaction.

use anyhow::{anyhow, ensure};
use contracts::ai_processor::v1::{JobReceipt, ReadJobResultRequest};
use rpc::{AccountId, Error, Result};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::jobs::unattended;
use crate::{Jobs, Outcome};

/// Four times what 200,000 clustered keywords take.
const MAX: usize = 256 * 1024 * 1024;

impl Jobs {
    /// The whole result, which is what ai-processor says it is.
    pub(crate) async fn read_result(&self, account: AccountId, id: Uuid) -> Result<Outcome> {
        let message = ReadJobResultRequest { job_id: id.to_string() };
        let mut pieces = self.ai(unattended(account)).read_job_result(message).await?.into_inner();
        let (mut body, mut told, mut receipt) = (Vec::new(), Vec::new(), JobReceipt::default());
        while let Some(piece) = pieces.message().await? {
            if body.len().saturating_add(piece.body.len()) > MAX {
                return Err(Error::internal(anyhow!("the result of job {id} is larger than {MAX} bytes")));
            }
            body.extend_from_slice(&piece.body);
            if !piece.sha256.is_empty() {
                told = piece.sha256;
                receipt = piece.receipt.unwrap_or_default();
            }
        }
        verify(&body, &told).map_err(|error| Error::internal(error.context(format!("the result of job {id}"))))?;
        Ok(Outcome { body, receipt })
    }
}

fn verify(result: &[u8], told: &[u8]) -> anyhow::Result<()> {
    ensure!(Sha256::digest(result).as_slice() == told, "the bytes are not those that were stored");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_taken_only_as_it_was_stored() {
        let told = Sha256::digest(b"result");
        assert!(verify(b"result", told.as_slice()).is_ok());
        assert!(verify(b"resul", told.as_slice()).is_err());
        assert!(verify(b"result", b"").is_err());
    }
}
