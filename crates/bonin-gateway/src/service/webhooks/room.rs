//! How many requests are open at once: few for each endpoint, and fewer for one whose last tries failed, so that receivers
//! that are slow or dead keep no room from those that are not.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use bonin_core::WebhookEndpointId;
use bonin_store::DueEndpoint;
use tokio::sync::Notify;

/// Requests to one endpoint at once.
const EACH: usize = 8;
/// The same while its tries fail: one that tells when it works again.
const EACH_FAILING: usize = 1;

/// Room for requests.
#[derive(Debug)]
pub(super) struct Room {
    at_once: usize,
    places: Mutex<Places>,
    freed: Notify,
}

/// Who has how many places, and where the turns ended.
#[derive(Debug, Default)]
struct Places {
    taken: HashMap<WebhookEndpointId, usize>,
    last: Option<WebhookEndpointId>,
}

/// A request's place, until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    room: Arc<Room>,
    endpoint: WebhookEndpointId,
}

impl Room {
    pub(super) fn new(at_once: usize) -> Self {
        Self {
            at_once: at_once.max(1),
            places: Mutex::default(),
            freed: Notify::new(),
        }
    }

    /// Waits until a place is free that was taken when this was last asked.
    pub(super) async fn freed(&self) {
        self.freed.notified().await;
    }

    /// How many more messages may go to each endpoint, in turns as long as there is room. Those without any are left out. The
    /// turns go on where they ended the last time: with many that are dead, each place that one of them frees would otherwise go
    /// to the first of them again, and those behind them would get none.
    pub(super) fn for_each(&self, due: &[DueEndpoint]) -> Vec<(WebhookEndpointId, u32)> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let Places { taken, last } = &mut *places;
        let mut left = self.at_once.saturating_sub(taken.values().sum());
        let next = due
            .iter()
            .position(|one| last.as_ref().is_some_and(|last| one.id > *last))
            .unwrap_or_default();
        let (behind, ahead) = due.split_at(next);
        let mut room: Vec<(&DueEndpoint, usize, u32)> = ahead
            .iter()
            .chain(behind)
            .map(|one| {
                let most = if one.is_failing { EACH_FAILING } else { EACH };
                let own = taken.get(&one.id).copied().unwrap_or_default();
                (one, most.saturating_sub(own), 0)
            })
            .collect();
        let mut gave = true;
        while left > 0 && gave {
            gave = false;
            for (one, own, given) in &mut room {
                if left > 0 && *own > 0 {
                    *own -= 1;
                    *given += 1;
                    left -= 1;
                    gave = true;
                    *last = Some(one.id.clone());
                }
            }
        }
        room.into_iter()
            .filter(|(_, _, given)| *given > 0)
            .map(|(one, _, given)| (one.id.clone(), given))
            .collect()
    }

    /// Takes a place for a request to an endpoint.
    pub(super) fn take(self: &Arc<Self>, endpoint: &WebhookEndpointId) -> Seat {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        *places.taken.entry(endpoint.clone()).or_default() += 1;
        Seat {
            room: self.clone(),
            endpoint: endpoint.clone(),
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let places = &self.room.places;
        let mut places = places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = places.taken.get_mut(&self.endpoint) {
            *count -= 1;
            if *count == 0 {
                places.taken.remove(&self.endpoint);
            }
        }
        drop(places);
        self.room.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(name: &str, is_failing: bool) -> DueEndpoint {
        DueEndpoint {
            id: WebhookEndpointId::parse(name).unwrap(),
            is_failing,
        }
    }

    fn told(room: &[(WebhookEndpointId, u32)]) -> Vec<(&str, u32)> {
        room.iter()
            .map(|(id, count)| (id.as_str(), *count))
            .collect()
    }

    #[test]
    fn one_endpoint_takes_its_share_and_a_failing_one_a_single_place() {
        let room = Room::new(100);
        let room = room.for_each(&[due("a", false), due("b", true)]);
        assert_eq!(told(&room), [("a", EACH as u32), ("b", 1)]);
    }

    #[test]
    fn what_room_there_is_goes_round_and_is_back_when_a_request_ends() {
        let room = Arc::new(Room::new(3));
        let both = [due("a", false), due("b", false)];
        assert_eq!(told(&room.for_each(&both)), [("a", 2), ("b", 1)]);
        assert_eq!(told(&room.for_each(&both)), [("b", 2), ("a", 1)]);
        let seats: Vec<_> = (0..3).map(|_| room.take(&both[0].id)).collect();
        assert!(room.for_each(&both).is_empty());
        drop(seats);
        assert_eq!(told(&room.for_each(&both)), [("a", 2), ("b", 1)]);
    }

    #[test]
    fn behind_more_dead_receivers_than_there_is_room_for_one_that_works_has_its_turn() {
        let room = Arc::new(Room::new(4));
        let mut all: Vec<_> = (0..20)
            .map(|n| due(&format!("dead-{n:02}"), true))
            .collect();
        all.push(due("works", false));
        // Each request to a dead one takes as long as all the others, and ends before there is room again.
        let mut turns = 0;
        loop {
            let given = room.for_each(&all);
            if given.iter().any(|(id, _)| id.as_str() == "works") {
                break;
            }
            turns += 1;
            assert!(turns <= 5, "it got nothing in {turns} turns");
            let seats: Vec<_> = given.iter().map(|(id, _)| room.take(id)).collect();
            assert_eq!(seats.len(), 4);
        }
        assert_eq!(turns, 5);
    }

    #[test]
    fn turns_go_on_behind_an_endpoint_for_which_nothing_is_due_any_more() {
        let room = Room::new(1);
        let all = ["a", "b", "c"].map(|name| due(name, false));
        assert_eq!(told(&room.for_each(&all)), [("a", 1)]);
        assert_eq!(told(&room.for_each(&all)), [("b", 1)]);
        assert_eq!(
            told(&room.for_each(&[all[0].clone(), all[2].clone()])),
            [("c", 1)]
        );
        assert_eq!(told(&room.for_each(&all)), [("a", 1)]);
    }

    #[test]
    fn an_endpoint_that_fails_and_is_being_tried_gets_no_more() {
        let room = Arc::new(Room::new(100));
        let failing = due("a", true);
        let seat = room.take(&failing.id);
        assert!(room.for_each(std::slice::from_ref(&failing)).is_empty());
        drop(seat);
        assert_eq!(told(&room.for_each(&[failing])), [("a", 1)]);
    }
}
