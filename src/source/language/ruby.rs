//! Ruby by tree-sitter.
//!
//! Parentheses tell nothing in Ruby: `cart` is a local variable or a call, whatever was assigned before. So the adapter keeps
//! the locals while it lowers, and writes any other bare name within a method as a member of `self`; what its member turns out
//! to be, a field or a method, is found out where all languages find it out.

mod assignments;
mod blocks;
mod calls;
mod classes;
mod legible;
mod literals;
mod modules;
mod names;
mod scopes;

use std::sync::LazyLock;

use tree_sitter::Node as Syntax;

use super::grammar::{self, Grammar, fields, kinds};
use super::lines::Lines;
use super::lowering::{Lowering, Walk, walk_within};
use super::tree::{Form, Function, Node};
use super::{Adapter, Extracted};
use crate::model::fact::Language;
use scopes::{Place, Scopes};

pub(super) const ADAPTER: Adapter = Adapter {
    language: Language::Ruby,
    extensions: &["rb", "ru"],
    extract,
    module_candidates: modules::module_candidates,
};

kinds! {
    Program = "program",
    Statements = "then" | "else" | "do" | "ensure" | "body_statement" | "block_body" | "begin" | "begin_block" | "end_block",
    Parenthesized = "parenthesized_statements",
    Interpolation = "interpolation",
    Identifier = "identifier",
    Constant = "constant",
    InstanceVariable = "instance_variable",
    ClassVariable = "class_variable",
    GlobalVariable = "global_variable",
    This = "self",
    Scope = "scope_resolution",
    Call = "call",
    Element = "element_reference",
    Arguments = "argument_list",
    Pair = "pair",
    Splat = "splat_argument" | "hash_splat_argument",
    BlockArgument = "block_argument",
    Block = "block" | "do_block",
    Lambda = "lambda",
    Assignment = "assignment",
    Update = "operator_assignment",
    Targets = "left_assignment_list" | "destructured_left_assignment",
    Rest = "rest_assignment",
    Values = "right_assignment_list",
    Binary = "binary",
    Unary = "unary",
    Conditional = "conditional",
    If = "if" | "unless" | "elsif",
    For = "for",
    Rescue = "rescue",
    ExceptionVariable = "exception_variable",
    RescueModifier = "rescue_modifier",
    Class = "class" | "module",
    Superclass = "superclass",
    SingletonClass = "singleton_class",
    Method = "method",
    SingletonMethod = "singleton_method",
    Optional = "optional_parameter" | "keyword_parameter",
    RestParameter = "splat_parameter" | "hash_splat_parameter" | "block_parameter",
    Destructured = "destructured_parameter",
    String = "string" | "bare_string" | "bare_symbol" | "delimited_symbol",
    Chained = "chained_string",
    Symbol = "simple_symbol",
    KeySymbol = "hash_key_symbol",
    StringArray = "string_array" | "symbol_array",
    Content = "string_content" | "heredoc_content",
    Escape = "escape_sequence",
    Heredoc = "heredoc_beginning",
    HeredocBody = "heredoc_body",
    Number = "integer" | "float",
    True = "true",
    False = "false",
    Nil = "nil",
    Array = "array",
    Hash = "hash",
    Skipped = "comment" | "empty_statement" | "uninterpreted" | "alias" | "undef" | "operator" | "setter" | "heredoc_end" | "forward_argument",
}

fields! {
    alternative, arguments, block, body, condition, consequence, handler, key, left, method, name, object, operand, operator,
    parameters, pattern, receiver, right, scope, superclass, value
}

static GRAMMAR: LazyLock<(Grammar<Kind>, Fields)> = LazyLock::new(|| {
    let grammar = Grammar::new(tree_sitter_ruby::LANGUAGE, kind);
    let fields = Fields::of(&grammar);
    (grammar, fields)
});

fn extract(path: &str, text: &str) -> Extracted {
    let lines = Lines::new(text);
    let (grammar, fields) = &*GRAMMAR;
    let syntax = match grammar::syntax(&grammar.language, path, &legible::legible(text), &lines) {
        Ok(syntax) => syntax,
        Err(problem) => return Extracted::failed(path, Language::Ruby, problem),
    };
    let mut lower = Lower {
        walk: Walk::new(grammar, text),
        fields,
        scopes: Scopes::default(),
        pending: Vec::new(),
        globals: Vec::new(),
    };
    let tree = lower.file(syntax.root_node());
    lower.walk.facts(&tree, &syntax, &names::DIALECT, path, &lines)
}

struct Lower<'t> {
    walk: Walk<'t, Kind>,
    fields: &'static Fields,
    scopes: Scopes<'t>,
    /// Methods that a block defines: they belong to the class or the file around it.
    pending: Vec<Node<'t>>,
    /// Global variables that are made when first needed, wherever that is.
    globals: Vec<Node<'t>>,
}

impl<'t> Lowering<'t> for Lower<'t> {
    walk_within!('t);

    fn form(&mut self, node: Syntax<'t>) -> Form<'t> {
        match self.kind(node) {
            Kind::Identifier => self.bare_name(node),
            Kind::Constant | Kind::GlobalVariable => Form::Name(self.slice(node)),
            Kind::InstanceVariable | Kind::ClassVariable => self.variable(node),
            Kind::This => self.this(),
            Kind::Scope => self.qualified(node),
            Kind::Call => self.call(node),
            Kind::Element => self.element(node),
            Kind::Lambda => self.lambda(node),
            Kind::Block => self.block_function(node),
            Kind::Assignment => self.assignment(node),
            Kind::Update => self.update(node),
            Kind::Values | Kind::Array => Form::List(self.nodes(node)),
            Kind::Binary => self.binary(node),
            Kind::Unary => self.unary(node),
            Kind::Conditional | Kind::If => self.condition(node),
            Kind::For => self.for_loop(node),
            Kind::ExceptionVariable => self.exception(node),
            Kind::RescueModifier => self.rescued(node),
            Kind::Class => self.class(node),
            Kind::SingletonClass => self.singleton_class(node),
            Kind::Method | Kind::SingletonMethod => self.method(node),
            Kind::String | Kind::Chained | Kind::Content | Kind::Escape => self.literal(node),
            Kind::Symbol | Kind::KeySymbol | Kind::StringArray | Kind::Number => self.literal(node),
            Kind::Hash => self.hash(node),
            Kind::Heredoc => Form::Other(Vec::new()),
            Kind::True => Form::Bool(true),
            Kind::False => Form::Bool(false),
            Kind::Nil => Form::Null,
            Kind::Statements | Kind::Parenthesized | Kind::Interpolation | Kind::Splat | Kind::BlockArgument => {
                self.statements(node)
            }
            _ => Form::Other(self.nodes(node)),
        }
    }
}

impl<'t> Lower<'t> {
    fn child(&self, node: Syntax<'t>, field: u16) -> Option<Syntax<'t>> {
        node.child_by_field_id(field)
    }

    fn file(&mut self, node: Syntax<'t>) -> Node<'t> {
        let (start, end) = range(node);
        let mut body = self.nodes(node);
        body.append(&mut self.pending);
        body.append(&mut self.globals);
        Node::new(start, end, Form::Other(body))
    }

    /// The value of statements is that of the last one.
    fn statements(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut inner = self.nodes(node);
        match inner.len() {
            1 => inner.pop().map_or(Form::Null, |inner| Form::Through(Box::new(inner))),
            _ => Form::Other(inner),
        }
    }

    /// `self`: the object, or the class where that speaks for itself.
    fn this(&self) -> Form<'t> {
        match self.scopes.place.class {
            Some(class) if self.scopes.place.of_class => Form::Name(class),
            _ => Form::This,
        }
    }

    /// A local variable, or a call of a method without arguments.
    fn bare_name(&mut self, node: Syntax<'t>) -> Form<'t> {
        match (self.slice(node), self.scopes.place) {
            ("new", Place { class: Some(class), of_class: true, .. }) => {
                let (start, end) = range(node);
                Form::call(Node::new(start, end, Form::Name(class)), Vec::new())
            }
            (name, _) => self.own_method(node, name),
        }
    }

    /// A bare name: a local, or what `self` has by it. Outside of methods, and for what every object has, it stands for itself.
    fn own_method(&self, node: Syntax<'t>, name: &'t str) -> Form<'t> {
        let place = &self.scopes.place;
        if self.scopes.is_local(name) || place.class.is_none() || !place.in_function || names::KERNEL.contains(&name) {
            return match (name, place.class) {
                (names::SETTINGS, Some(class)) => Form::Name(class),
                _ => Form::Name(name),
            };
        }
        let (start, _) = range(node);
        match (name, place.class) {
            (names::SETTINGS, Some(class)) => Form::Name(class),
            _ => Form::Member(Box::new(Node::new(start, start, self.this())), name),
        }
    }

    /// `@x` belongs to the object, or to the class where that is `self`; `@@x` to the class. Outside of classes `@x` is a
    /// variable of the file.
    fn variable(&self, node: Syntax<'t>) -> Form<'t> {
        let (start, _) = range(node);
        let name = self.slice(node);
        let Some(class) = self.scopes.place.class else { return Form::Name(name) };
        let object = match self.kind(node) {
            Kind::ClassVariable => Form::Name(class),
            _ => self.this(),
        };
        Form::Member(Box::new(Node::new(start, start, object)), name.trim_start_matches('@'))
    }

    /// `A::B`.
    fn qualified(&mut self, node: Syntax<'t>) -> Form<'t> {
        let name = self.name(node, self.fields.name);
        match self.field(node, self.fields.scope) {
            Some(scope) => Form::Member(Box::new(scope), name),
            None => Form::Name(name),
        }
    }

    fn condition(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Fields { condition, consequence, alternative, .. } = *self.fields;
        let condition = self.required(node, condition);
        let (then, other) = (self.field(node, consequence), self.field(node, alternative));
        match (then, other) {
            (Some(then), Some(other)) => Form::Choice(Box::new([condition, then, other])),
            (then, other) => Form::Other(std::iter::once(condition).chain(then).chain(other).collect()),
        }
    }

    fn unary(&mut self, node: Syntax<'t>) -> Form<'t> {
        let negative = self.slice(node).starts_with('-');
        let inner = self.required(node, self.fields.operand);
        match inner.form {
            Form::Number(number) if negative => Form::Number(-number),
            _ => Form::Other(vec![inner]),
        }
    }

    /// `a << b` is a call of a method, as `a.push(b)` is; so is `a + 1`, which may number what comes next.
    fn binary(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Fields { left, right, .. } = *self.fields;
        let counts = self.child(node, right).is_some_and(|right| self.kind(right) == Kind::Number);
        match self.operator(node) {
            "||" | "or" => Form::Either(Box::new([self.required(node, left), self.required(node, right)])),
            operator @ ("<<" | "+") if operator == "<<" || counts => {
                let object = self.required(node, left);
                let callee = Node::new(object.start, object.end, Form::Member(Box::new(object), operator));
                let argument = self.required(node, right);
                Form::call(callee, vec![(None, argument)])
            }
            _ => self.chain(node, left, right, |lower, link| {
                lower.kind(link) == Kind::Binary && !matches!(lower.operator(link), "||" | "or" | "<<")
            }),
        }
    }

    fn operator(&self, node: Syntax<'t>) -> &'t str {
        self.child(node, self.fields.operator).map_or("", |operator| self.slice(operator))
    }

    fn lambda(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Some(body) = self.child(node, self.fields.body) else { return Form::Other(Vec::new()) };
        let parameters = self.child(node, self.fields.parameters);
        Form::Function(Box::new(self.closure(body, parameters)))
    }

    fn closure(&mut self, body: Syntax<'t>, parameters: Option<Syntax<'t>>) -> Function<'t> {
        let mut function = Function::new("");
        let outside = self.scopes.enter_block();
        function.parameters = parameters.map(|list| self.parameters(list)).unwrap_or_default();
        function.body.extend(self.field(body, self.fields.body));
        self.scopes.leave(outside);
        function
    }
}

fn range(node: Syntax<'_>) -> (u32, u32) {
    (node.start_byte() as u32, node.end_byte() as u32)
}
