//! Pages of a listing: opaque tokens that belong to one request and expire.

use crate::clock::Time;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::cell::Cell;
use std::time::Duration;

/// How long a token is good for. AWS documents 24 hours for several services and none for the rest.
const TOKEN_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// A token that is malformed, of another request, or too old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadToken;

thread_local! {
    /// What a fault allows a page to hold, while a call is run under it.
    static MOST: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Runs a call whose pages hold at most `items`, whatever it asks for and whatever its service's least page is.
pub(crate) fn at_most<T>(items: usize, run: impl FnOnce() -> T) -> T {
    let before = MOST.replace(Some(items.max(1)));
    let done = run();
    MOST.set(before);
    done
}

/// One page of `items` and the token of the next page, if there is one.
///
/// `key` names an item uniquely and gives the order; a page starts behind the key in `token`, so that items which come
/// and go between two pages are neither repeated nor skipped. `listing` names the operation and its filters: a token is
/// refused for any other.
pub fn cut<T>(
    mut items: Vec<T>,
    key: impl Fn(&T) -> String,
    limit: usize,
    token: Option<&str>,
    listing: &str,
    now: Time,
) -> Result<(Vec<T>, Option<String>), BadToken> {
    let limit = MOST.get().map_or(limit, |most| limit.min(most));
    items.sort_by_key(|item| key(item));
    if let Some(token) = token {
        let last = open(token, listing, now)?;
        items.retain(|item| key(item) > last);
    }
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|item| seal(&key(item), listing, now));
    Ok((items, next))
}

fn seal(last: &str, listing: &str, now: Time) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}\n{listing}\n{last}", now.0))
}

fn open(token: &str, listing: &str, now: Time) -> Result<String, BadToken> {
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| BadToken)?;
    let text = String::from_utf8(bytes).map_err(|_| BadToken)?;
    let mut parts = text.splitn(3, '\n');
    let (Some(made), Some(of), Some(last)) = (parts.next(), parts.next(), parts.next()) else { return Err(BadToken) };
    let made = Time(made.parse().map_err(|_| BadToken)?);
    if of == listing && now - made <= TOKEN_LIFE { Ok(last.to_owned()) } else { Err(BadToken) }
}
