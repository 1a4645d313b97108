//! The store that the sound shop's replicas share: lists of JSON values under keys, started once.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use serde_json::Value;

use super::http::{self, Answer};

type Lists = Arc<Mutex<HashMap<String, Vec<Value>>>>;

/// `POST /key` appends the JSON body to the list under the key, `GET /key` answers the list.
pub async fn serve(port: u16) -> io::Result<()> {
    let lists = Lists::default();
    http::serve(port, service_fn(move |request| handle(lists.clone(), request))).await
}

async fn handle(lists: Lists, request: Request<Incoming>) -> Answer {
    let key = request.uri().path().to_owned();
    match *request.method() {
        Method::GET => {
            let lists = lists.lock().unwrap_or_else(PoisonError::into_inner);
            http::json(StatusCode::OK, &Value::from(lists.get(&key).cloned().unwrap_or_default()))
        }
        Method::POST => match http::json_body(request.into_body()).await {
            Some(value) => {
                lists.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().push(value);
                http::json(StatusCode::CREATED, &Value::Null)
            }
            None => http::json(StatusCode::BAD_REQUEST, &Value::from("the body is not JSON")),
        },
        _ => http::not_found(),
    }
}
