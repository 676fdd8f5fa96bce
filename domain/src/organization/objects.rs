//! Folding an object's events in: by id, by kind and name, by what has it or uses it.

use super::state::Organization;
use crate::kernel::id::{Kind, ObjectId, Subject};
use crate::kernel::record::Stamp;
use crate::object::event::ObjectEvent;
use crate::object::state::{Object, called};
use crate::object::usage;
use crate::permission::catalog::ObjectKind;
use std::sync::Arc;

impl Organization {
    /// The object with this id.
    #[must_use]
    pub fn object(&self, id: ObjectId) -> Option<&Object> {
        self.objects.get(&id).map(Arc::as_ref)
    }

    /// What the catalog says of an object's kind.
    #[must_use]
    pub fn object_kind(&self, id: ObjectId) -> Option<&'static ObjectKind> {
        self.object(id).and_then(|object| self.catalog.object(&object.kind))
    }

    pub(super) fn apply_object(&mut self, stamp: Stamp, event: &ObjectEvent) {
        if let Some(object) = Object::created(event, stamp) {
            self.index_object(&object);
            self.objects.insert(object.id, Arc::new(object));
            return;
        }
        let id = ObjectId(event.subject().id);
        let Some(object) = self.objects.get_mut(&id) else { return };
        Arc::make_mut(object).apply(event, stamp);
        let kind = object.kind.clone();
        if let ObjectEvent::Renamed { from, to, .. } = event {
            self.renamed(Kind::Object, &called(&kind, from), &called(&kind, to), id.uuid());
        }
        match usage::named(event) {
            Some((by, true)) => drop(self.uses.insert((by.subject(), id))),
            Some((by, false)) => drop(self.uses.remove(&(by.subject(), id))),
            None => {}
        }
    }

    pub(super) fn index_object(&mut self, object: &Object) {
        self.name_is(Kind::Object, &object.called(), object.id.uuid());
        self.uses.extend(object.uses().map(|by| (by.subject(), object.id)));
    }

    /// The objects that something has or uses, in order.
    pub fn used_by(&self, by: Subject) -> impl Iterator<Item = &Object> {
        use uuid::Uuid;
        let all = (by, ObjectId(Uuid::nil()))..=(by, ObjectId(Uuid::max()));
        self.uses.range(all).filter_map(|(_, id)| self.object(*id))
    }
}
