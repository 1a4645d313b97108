//! The same shop with its carts in a store that all replicas reach.

use std::io;
use std::sync::LazyLock;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::http::{self, Answer};

static STORE: LazyLock<reqwest::Client> =
    LazyLock::new(|| crate::load::client(None).build().expect("nothing is asked that could be refused"));

pub async fn serve() -> io::Result<()> {
    http::serve(http::port()?, service_fn(handle)).await
}

async fn handle(request: Request<Incoming>) -> Answer {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => http::json(StatusCode::OK, &json!({ "shop": "open" })),
        (&Method::POST, "/cart") => add_to_cart(request).await,
        (&Method::GET, "/cart") => show_cart(&request).await,
        _ => http::not_found(),
    }
}

async fn add_to_cart(request: Request<Incoming>) -> Answer {
    let customer = http::cookie(&request, "customer").unwrap_or_else(|| format!("{:016x}", fastrand::u64(..)));
    let Some(item) = http::json_body(request.into_body()).await else {
        return http::json(StatusCode::BAD_REQUEST, &json!({ "error": "the body is not JSON" }));
    };
    let stored = STORE.post(cart_url(&customer)).body(item["sku"].to_string()).send().await;
    if !stored.is_ok_and(|answer| answer.status().is_success()) {
        return http::json(StatusCode::BAD_GATEWAY, &json!({ "error": "the store does not answer" }));
    }
    http::with_cookie(http::json(StatusCode::CREATED, &json!({ "added": item["sku"] })), "customer", &customer)
}

async fn show_cart(request: &Request<Incoming>) -> Answer {
    let customer = http::cookie(request, "customer").unwrap_or_default();
    match fetch_cart(&customer).await {
        Ok(items) => http::json(StatusCode::OK, &json!({ "items": items })),
        Err(error) => http::json(StatusCode::BAD_GATEWAY, &json!({ "error": error.to_string() })),
    }
}

async fn fetch_cart(customer: &str) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
    let body = STORE.get(cart_url(customer)).send().await?.error_for_status()?.text().await?;
    Ok(serde_json::from_str(&body)?)
}

fn cart_url(customer: &str) -> String {
    let store = std::env::var("STORE_URL").unwrap_or_default();
    format!("{store}/carts/{customer}")
}
