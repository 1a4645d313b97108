//! A shop that keeps its carts in the memory of the process.

use std::collections::HashMap;
use std::io;
use std::sync::{LazyLock, Mutex, PoisonError};

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::http::{self, Answer};

static CARTS: LazyLock<Mutex<HashMap<String, Vec<Value>>>> = LazyLock::new(Mutex::default);

pub async fn serve() -> io::Result<()> {
    http::serve(http::port()?, service_fn(handle)).await
}

async fn handle(request: Request<Incoming>) -> Answer {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => http::json(StatusCode::OK, &json!({ "shop": "open" })),
        (&Method::POST, "/cart") => add_to_cart(request).await,
        (&Method::GET, "/cart") => show_cart(&request),
        _ => http::not_found(),
    }
}

async fn add_to_cart(request: Request<Incoming>) -> Answer {
    let customer = http::cookie(&request, "customer").unwrap_or_else(|| format!("{:016x}", fastrand::u64(..)));
    let Some(item) = http::json_body(request.into_body()).await else {
        return http::json(StatusCode::BAD_REQUEST, &json!({ "error": "the body is not JSON" }));
    };
    let mut carts = CARTS.lock().unwrap_or_else(PoisonError::into_inner);
    carts.entry(customer.clone()).or_default().push(item["sku"].clone());
    http::with_cookie(http::json(StatusCode::CREATED, &json!({ "added": item["sku"] })), "customer", &customer)
}

fn show_cart(request: &Request<Incoming>) -> Answer {
    let customer = http::cookie(request, "customer").unwrap_or_default();
    let carts = CARTS.lock().unwrap_or_else(PoisonError::into_inner);
    let items = carts.get(&customer).cloned().unwrap_or_default();
    http::json(StatusCode::OK, &json!({ "items": items }))
}
