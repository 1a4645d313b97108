//! What the lowering has to remember: the locals, and what `self` is.

/// Where a statement stands.
#[derive(Clone, Copy, Default)]
pub(super) struct Place<'t> {
    /// The class or module around it.
    pub class: Option<&'t str>,
    /// `self` is the class: in its body, in `def self.x`, in `class << self`, in a module that extends itself.
    pub of_class: bool,
    /// Within a method or a block.
    pub in_function: bool,
    /// Within a block, and no method in it.
    pub in_block: bool,
    /// What methods are defined here belong to the class itself.
    pub defines_static: bool,
}

/// The names of one method or block.
#[derive(Default)]
struct Frame<'t> {
    names: Vec<&'t str>,
    /// A block sees the locals around it.
    is_block: bool,
}

pub(super) struct Scopes<'t> {
    pub place: Place<'t>,
    frames: Vec<Frame<'t>>,
    /// Classes declared so far, each with the depth at which that was: a second one of the same name reopens it.
    classes: Vec<(usize, &'t str)>,
}

impl Default for Scopes<'_> {
    fn default() -> Self {
        Scopes { place: Place::default(), frames: vec![Frame::default()], classes: Vec::new() }
    }
}

/// What [`Scopes::leave`] restores.
pub(super) struct Outside<'t> {
    place: Place<'t>,
}

impl<'t> Scopes<'t> {
    fn enter(&mut self, is_block: bool, place: Place<'t>) -> Outside<'t> {
        self.frames.push(Frame { names: Vec::new(), is_block });
        Outside { place: std::mem::replace(&mut self.place, place) }
    }

    /// A block in the body of a class is run by an object of it: a route, a callback.
    pub fn enter_block(&mut self) -> Outside<'t> {
        let of_class = self.place.of_class && self.place.in_function;
        self.enter(true, Place { of_class, in_function: true, in_block: true, ..self.place })
    }

    pub fn enter_method(&mut self, of_class: bool) -> Outside<'t> {
        self.enter(false, Place { of_class, in_function: true, in_block: false, ..self.place })
    }

    pub fn enter_class(&mut self, class: &'t str, defines_static: bool) -> Outside<'t> {
        let place = Place { class: Some(class), of_class: true, in_function: false, in_block: false, defines_static };
        self.enter(false, place)
    }

    pub fn leave(&mut self, outside: Outside<'t>) {
        self.place = outside.place;
        self.frames.pop();
        let depth = self.frames.len();
        self.classes.retain(|(at, _)| *at <= depth);
    }

    pub fn is_local(&self, name: &str) -> bool {
        for frame in self.frames.iter().rev() {
            if frame.names.contains(&name) {
                return true;
            }
            if !frame.is_block {
                return false;
            }
        }
        false
    }

    /// Notes a local; false if it is known already.
    pub fn declare(&mut self, name: &'t str) -> bool {
        !self.is_local(name) && self.declare_here(name)
    }

    /// Notes a parameter, which hides a local of the same name.
    pub fn declare_here(&mut self, name: &'t str) -> bool {
        if let Some(frame) = self.frames.last_mut() {
            frame.names.push(name);
        }
        true
    }

    /// Notes a class; true if it is known at this place already.
    pub fn reopens(&mut self, class: &'t str) -> bool {
        let entry = (self.frames.len(), class);
        let known = self.classes.contains(&entry);
        self.classes.push(entry);
        known
    }
}
