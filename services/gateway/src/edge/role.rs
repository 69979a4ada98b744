//! Whether the caller may call the method at all. The service checks it again: here it only spares everybody the work of decoding.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rpc::Caller;

use super::target;
use crate::failure::Failure;

/// Layer: refuses a role that is too low, a program where a person is needed, and changes in a suspended account.
pub(super) async fn check(request: Request, next: Next) -> Response {
    if let (Some(operation), Some(caller)) = (target::operation(&request), request.extensions().get::<Caller>())
        && let Err(error) = rpc::access::check(operation.method, caller.token())
    {
        return Failure::from(error).into_response();
    }
    next.run(request).await
}
