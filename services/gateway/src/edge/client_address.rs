//! Who is at the other end: the name that the client gives itself, and its address, when proxies stand in between.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderMap;
use http::header::USER_AGENT;
use ipnet::IpNet;
use rpc::Peer;

use super::request_id::RequestId;

/// Layer: puts the [`Peer`] into the request.
pub(crate) async fn find(State(trusted): State<Arc<[IpNet]>>, mut request: Request, next: Next) -> Response {
    let (headers, extensions) = (request.headers(), request.extensions());
    let connection = extensions.get().map(|ConnectInfo(peer): &ConnectInfo<SocketAddr>| peer.ip());
    let user_agent = headers.get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let mut peer = Peer::default();
    peer.request_id = extensions.get().map(RequestId::to_string).unwrap_or_default();
    peer.address = connection.map(|peer| client(peer, headers, &trusted));
    peer.user_agent = user_agent.unwrap_or_default();
    request.extensions_mut().insert(peer);
    next.run(request).await
}

/// What the layer found.
pub(crate) fn peer(request: &Request) -> Peer {
    request.extensions().get().cloned().unwrap_or_default()
}

/// The last hop that is not a trusted proxy. Each proxy appends the address it saw, so the list is read from its end, and only as
/// far as the hops are trusted: what stands before is the client's own claim.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_proxy = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let mut address = peer.to_canonical();
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
    let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).collect();
    for hop in hops.iter().rev() {
        let (true, Some(before)) = (is_proxy(&address), parse(hop)) else { break };
        address = before;
    }
    address
}

/// An address with or without a port.
fn parse(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let address = hop.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        client(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_client_without_a_proxy_is_the_peer_whatever_it_claims() {
        assert_eq!(seen("198.51.100.7", &[]), "198.51.100.7");
        assert_eq!(seen("198.51.100.7", &["203.0.113.9"]), "198.51.100.7");
    }

    #[test]
    fn behind_trusted_proxies_it_is_the_last_hop_that_is_none() {
        assert_eq!(seen("10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["6.6.6.6, 203.0.113.9, 10.0.0.2"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["6.6.6.6", "203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen("::ffff:10.0.0.1", &["[2001:db8::1]:4711"]), "2001:db8::1");
    }

    #[test]
    fn a_hop_that_is_no_address_ends_the_search_at_the_proxy() {
        assert_eq!(seen("10.0.0.1", &["203.0.113.9, unknown"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
    }
}
