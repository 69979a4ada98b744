//! Author profiles belong to ai-processor: a task may name one that the account has.

use contracts::ai_processor::v1::GetAuthorProfileRequest;
use contracts::ai_processor::v1::author_profile_service_client::AuthorProfileServiceClient;
use rpc::client::Context;
use rpc::{Caller, Error, Kind, Result};

use crate::App;

/// Refuses a profile that the account does not have. Call it before the transaction that writes.
pub(crate) async fn ensure(app: &App, caller: &Caller, id: Option<&str>) -> Result<()> {
    let Some(id) = id else { return Ok(()) };
    let mut profiles = AuthorProfileServiceClient::new(app.ai_processor.with(Context::from(caller)));
    match profiles.get_author_profile(GetAuthorProfileRequest { id: id.to_owned() }).await.map_err(Error::from) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == Kind::NotFound => {
            let message = "There is no such author profile. It may have been deleted: choose another one, or none for the default.";
            Err(Error::invalid("author_profile_id", message))
        }
        Err(error) => Err(error),
    }
}
