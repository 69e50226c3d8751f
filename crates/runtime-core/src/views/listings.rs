//! The list of each tenant's live sandboxes as one text, kept until one of the tenant's sandboxes changes: many clients ask
//! for it every few seconds, and putting 10,000 texts together costs more than sending them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Fragment;
use crate::ids::TenantId;

#[derive(Debug, Default)]
pub(super) struct Listings(Mutex<HashMap<TenantId, Listing>>);

#[derive(Debug)]
struct Listing {
    /// How often the tenant's sandboxes had changed when the text was made.
    epoch: u64,
    text: Fragment,
}

impl Listings {
    /// The text that was made at this epoch.
    pub(super) fn get(&self, tenant: &TenantId, epoch: u64) -> Option<Fragment> {
        let listings = self.lock();
        let listing = listings.get(tenant)?;
        (listing.epoch == epoch).then(|| listing.text.clone())
    }

    /// Keeps a text, unless a newer one is kept.
    pub(super) fn keep(&self, tenant: &TenantId, epoch: u64, text: &Fragment) {
        let mut listings = self.lock();
        if listings
            .get(tenant)
            .is_none_or(|listing| listing.epoch < epoch)
        {
            let listing = Listing {
                epoch,
                text: text.clone(),
            };
            listings.insert(tenant.clone(), listing);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, Listing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_serves_its_own_epoch_only_and_an_older_one_does_not_displace_it() {
        let listings = Listings::default();
        let tenant = TenantId::default_tenant();
        let text = |text: &str| Fragment(text.into());
        let kept = |epoch| {
            listings
                .get(&tenant, epoch)
                .map(|text| text.as_str().to_owned())
        };
        listings.keep(&tenant, 2, &text("two"));
        listings.keep(&tenant, 1, &text("one"));
        assert_eq!(
            (kept(1), kept(2), kept(3)),
            (None, Some("two".to_owned()), None)
        );
        listings.keep(&tenant, 3, &text("three"));
        assert_eq!((kept(2), kept(3)), (None, Some("three".to_owned())));
    }
}
