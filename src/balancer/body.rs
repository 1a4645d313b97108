//! The body of a response: streamed from a replica, or a few words of our own.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::backend::InFlight;

pub enum ResponseBody {
    /// Frames go through as the client takes them. The request is in flight until the last one.
    Replica(Incoming, Option<InFlight>),
    Own(Full<Bytes>),
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.get_mut() {
            ResponseBody::Own(body) => Pin::new(body).poll_frame(context).map_err(|never| match never {}),
            ResponseBody::Replica(body, in_flight) => {
                let frame = Pin::new(body).poll_frame(context);
                match &frame {
                    // An error ends the client's connection, so that half a body cannot be taken for a whole one.
                    Poll::Ready(Some(Err(_))) => {
                        if let Some(in_flight) = in_flight.take() {
                            in_flight.failed();
                        }
                    }
                    Poll::Ready(None) => drop(in_flight.take()),
                    Poll::Ready(Some(Ok(_))) | Poll::Pending => {}
                }
                frame
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            ResponseBody::Own(body) => body.is_end_stream(),
            ResponseBody::Replica(body, _) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            ResponseBody::Own(body) => body.size_hint(),
            ResponseBody::Replica(body, _) => body.size_hint(),
        }
    }
}
