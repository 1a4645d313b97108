//! Go by tree-sitter.
//!
//! The files of a package share their names: one that this file does not declare is written `~name` all the same, and
//! [`link`](super::link) finds out what it is.

mod control;
mod declarations;
mod literals;
mod modules;
mod names;
mod types;

use std::collections::HashMap;
use std::sync::LazyLock;

use foldhash::fast::FixedState;
use tree_sitter::Node as Syntax;

use super::grammar::{self, Grammar, fields, kinds};
use super::lines::Lines;
use super::lowering::{Lowering, Walk, walk_within};
use super::tree::{Assign, Form, Node, SPREAD};
use super::{Adapter, Extracted};
use crate::model::fact::{FileFacts, Language, Shape};

pub(super) const ADAPTER: Adapter =
    Adapter { language: Language::Go, extensions: &["go"], extract, module_candidates: modules::module_candidates };

kinds! {
    Source = "source_file",
    Import = "import_declaration",
    ImportList = "import_spec_list",
    ImportSpec = "import_spec",
    Const = "const_declaration",
    ConstSpec = "const_spec",
    Var = "var_declaration",
    VarList = "var_spec_list",
    VarSpec = "var_spec",
    Type = "type_declaration",
    TypeSpec = "type_spec" | "type_alias",
    Function = "function_declaration",
    Method = "method_declaration",
    Literal = "func_literal",
    Parameter = "parameter_declaration" | "variadic_parameter_declaration",
    ParameterList = "parameter_list",
    Struct = "struct_type",
    FieldList = "field_declaration_list",
    Field = "field_declaration",
    Interface = "interface_type",
    Pointer = "pointer_type" | "parenthesized_type",
    Qualified = "qualified_type",
    Generic = "generic_type",
    TypeName = "type_identifier",
    MapType = "map_type",
    ListType = "slice_type" | "array_type" | "implicit_length_array_type",
    OtherType = "channel_type" | "function_type" | "type_arguments" | "type_parameter_list",
    Block = "block",
    If = "if_statement",
    For = "for_statement",
    Range = "range_clause",
    Switch = "expression_switch_statement" | "select_statement",
    TypeSwitch = "type_switch_statement",
    Case = "expression_case" | "default_case" | "communication_case" | "type_case",
    Receive = "receive_statement",
    ShortVar = "short_var_declaration",
    Assignment = "assignment_statement",
    Step = "inc_statement" | "dec_statement",
    Identifier = "identifier" | "package_identifier",
    Blank = "blank_identifier",
    Selector = "selector_expression",
    Index = "index_expression",
    Slice = "slice_expression",
    Call = "call_expression",
    Go = "go_statement",
    Defer = "defer_statement",
    Conversion = "type_conversion_expression",
    Assertion = "type_assertion_expression",
    Instantiation = "type_instantiation_expression",
    Composite = "composite_literal",
    Body = "literal_value",
    Element = "literal_element",
    Keyed = "keyed_element",
    Variadic = "variadic_argument",
    Unary = "unary_expression",
    Binary = "binary_expression",
    Through = "parenthesized_expression",
    Expressions = "expression_list",
    Text = "interpreted_string_literal",
    RawText = "raw_string_literal",
    Number = "int_literal" | "float_literal",
    True = "true",
    False = "false",
    Nil = "nil",
    Skipped = "comment" | "package_clause" | "label_name" | "rune_literal" | "iota",
}

fields! {
    alias, alternative, arguments, body, condition, consequence, field, function, index, initializer, key, left, name,
    operand, operator, package, parameters, path, receiver, result, right, r#type, value
}

static GRAMMAR: LazyLock<(Grammar<Kind>, Fields)> = LazyLock::new(|| {
    let grammar = Grammar::new(tree_sitter_go::LANGUAGE, kind);
    let fields = Fields::of(&grammar);
    (grammar, fields)
});

fn extract(path: &str, text: &str) -> Extracted {
    let lines = Lines::new(text);
    if is_generated(text) {
        let facts = FileFacts { lines: lines.count(), ..FileFacts::empty(path, Language::Go) };
        return Extracted { facts, problems: Vec::new() };
    }
    let (grammar, fields) = &*GRAMMAR;
    let syntax = match grammar::syntax(&grammar.language, path, text, &lines) {
        Ok(syntax) => syntax,
        Err(problem) => return Extracted::failed(path, Language::Go, problem),
    };
    let mut lower =
        Lower { walk: Walk::new(grammar, text), fields, containers: HashMap::default(), in_function: false };
    let tree = lower.file(syntax.root_node());
    lower.walk.facts(&tree, &syntax, &names::DIALECT, path, &lines)
}

/// `// Code generated … DO NOT EDIT.` on a line of its own, before the package: <https://go.dev/s/generatedcode>.
fn is_generated(text: &str) -> bool {
    let before = text.lines().take_while(|line| !line.starts_with("package "));
    before.into_iter().any(|line| line.starts_with("// Code generated ") && line.trim_end().ends_with(" DO NOT EDIT."))
}

struct Lower<'t> {
    walk: Walk<'t, Kind>,
    fields: &'static Fields,
    /// Named types of this file that are maps or lists: `type Carts map[string]Cart`.
    containers: HashMap<&'t str, Shape, FixedState>,
    /// Within the body of a function, where a name is visible from its declaration on.
    in_function: bool,
}

impl<'t> Lowering<'t> for Lower<'t> {
    walk_within!('t);

    fn form(&mut self, node: Syntax<'t>) -> Form<'t> {
        match self.kind(node) {
            Kind::Identifier => Form::Name(self.slice(node)),
            Kind::Selector => self.selector(node),
            Kind::Go => self.goroutine(node),
            Kind::Defer => self.deferred(node),
            Kind::Call => self.call(node),
            Kind::Index => {
                let (object, key) = (self.required(node, self.fields.operand), self.required(node, self.fields.index));
                Form::Index(Box::new(object), Box::new(key))
            }
            Kind::Slice => self.part(node),
            Kind::Text | Kind::RawText | Kind::Number => self.literal(node),
            Kind::True => Form::Bool(true),
            Kind::False => Form::Bool(false),
            Kind::Nil => Form::Null,
            Kind::Composite => self.composite(node),
            Kind::Body => self.body(node),
            Kind::Literal => self.closure(node),
            Kind::Unary => self.unary(node),
            Kind::Binary => {
                let (left, right) = (self.fields.left, self.fields.right);
                self.chain(node, left, right, |lower, link| lower.kind(link) == Kind::Binary)
            }
            Kind::Conversion | Kind::Assertion => {
                let field = if self.kind(node) == Kind::Assertion { self.fields.operand } else { self.fields.value };
                Form::Through(Box::new(self.conversion_operand(node, field)))
            }
            Kind::Instantiation => match self.type_name(node) {
                Some(name) => Form::Through(Box::new(name)),
                None => Form::Other(Vec::new()),
            },
            Kind::Through | Kind::Element => self.through(node),
            Kind::TypeName => Form::Name(self.slice(node)),
            Kind::Assignment => self.assignment(node),
            Kind::Step => self.step(node),
            Kind::Import => self.imports(node),
            Kind::Const | Kind::Var | Kind::VarList => Form::Other(self.specs(node)),
            Kind::Type => Form::Other(self.types(node)),
            Kind::Function => self.function(node),
            Kind::Method => self.method(node),
            Kind::MapType | Kind::ListType | Kind::OtherType | Kind::Struct | Kind::Interface | Kind::Qualified => {
                Form::Other(Vec::new())
            }
            _ => self.statement(node),
        }
    }
}

impl<'t> Lower<'t> {
    fn child(&self, node: Syntax<'t>, field: u16) -> Option<Syntax<'t>> {
        node.child_by_field_id(field)
    }

    fn through(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut inner = self.nodes(node);
        match inner.len() {
            1 => inner.pop().map_or(Form::Null, |inner| Form::Through(Box::new(inner))),
            _ => Form::Other(inner),
        }
    }

    /// What is converted: `[]byte(x)`, `x.(T)`. In the grammar the former has a field for it, broken syntax may not.
    fn conversion_operand(&mut self, node: Syntax<'t>, field: u16) -> Node<'t> {
        match self.child(node, field).or_else(|| self.child(node, self.fields.operand)) {
            Some(operand) => self.node(operand),
            None => self.required(node, field),
        }
    }

    fn selector(&mut self, node: Syntax<'t>) -> Form<'t> {
        let object = self.required(node, self.fields.operand);
        let name = self.child(node, self.fields.field).map_or("", |name| self.slice(name));
        Form::Member(Box::new(object), name)
    }

    /// `xs[1:n]` is a part of `xs`.
    fn part(&mut self, node: Syntax<'t>) -> Form<'t> {
        let operand = self.child(node, self.fields.operand);
        let bounds: Vec<_> = self.children(node).into_iter().filter(|child| Some(*child) != operand).collect();
        let bounds = bounds.into_iter().map(|bound| self.node(bound)).collect();
        let (start, end) = range(node);
        let object = self.required(node, self.fields.operand);
        Form::Index(Box::new(object), Box::new(Node::new(start, end, Form::Other(bounds))))
    }

    fn call(&mut self, node: Syntax<'t>) -> Form<'t> {
        let arguments = match self.child(node, self.fields.arguments) {
            Some(list) => self.children(list),
            None => Vec::new(),
        };
        let function = self.child(node, self.fields.function);
        let name = function.filter(|function| self.kind(*function) == Kind::Identifier).map(|name| self.slice(name));
        match (name, &arguments[..]) {
            (Some("make"), [kind, sizes @ ..]) => {
                let sizes = sizes.iter().map(|size| self.node(*size)).collect();
                match self.shape(*kind) {
                    Some(shape) => Form::Made(shape, sizes),
                    None => Form::Other(sizes),
                }
            }
            (Some("new"), [kind]) => self.zero(*kind).form,
            (Some(plain), [inner]) if names::PLAIN_TYPES.contains(&plain) => Form::Through(Box::new(self.node(*inner))),
            _ => {
                let callee = self.required(node, self.fields.function);
                let arguments = arguments.into_iter().map(|argument| self.argument(argument)).collect();
                Form::call(callee, arguments)
            }
        }
    }

    /// `go f(x)` and `go func() { … }()` are calls of `go` with what runs beside the function from then on.
    fn goroutine(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Some(call) = self.children(node).first().copied() else { return Form::Other(Vec::new()) };
        let literal = self.child(call, self.fields.function).filter(|function| self.kind(*function) == Kind::Literal);
        let mut arguments = vec![(None, self.node(literal.unwrap_or(call)))];
        if let (Some(_), Some(list)) = (literal, self.child(call, self.fields.arguments)) {
            arguments.extend(self.nodes(list).into_iter().map(|node| (None, node)));
        }
        let start = node.start_byte() as u32;
        Form::call(Node::new(start, start + 2, Form::Name("go")), arguments)
    }

    /// `defer mu.Unlock()` is a call of `defer` with what runs when the function ends; a closure that runs then is a part of it.
    fn deferred(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Some(call) = self.children(node).first().copied() else { return Form::Other(Vec::new()) };
        let arguments = vec![(None, self.node(call))];
        let start = node.start_byte() as u32;
        Form::call(Node::new(start, start + 5, Form::Name("defer")), arguments)
    }

    fn argument(&mut self, node: Syntax<'t>) -> (Option<&'t str>, Node<'t>) {
        if self.kind(node) != Kind::Variadic {
            return (None, self.node(node));
        }
        let (start, end) = range(node);
        let form = self.through(node);
        (Some(SPREAD), Node::new(start, end, form))
    }

    fn unary(&mut self, node: Syntax<'t>) -> Form<'t> {
        let operator = self.child(node, self.fields.operator).map_or("", |operator| self.slice(operator));
        let inner = self.required(node, self.fields.operand);
        match (operator, inner.form) {
            ("-", Form::Number(number)) => Form::Number(-number),
            ("&" | "*", form) => Form::Through(Box::new(Node::new(inner.start, inner.end, form))),
            (_, form) => Form::Other(vec![Node::new(inner.start, inner.end, form)]),
        }
    }

    fn assignment(&mut self, node: Syntax<'t>) -> Form<'t> {
        let (start, end) = range(node);
        let targets = self.expressions(node, self.fields.left);
        let values = self.expressions(node, self.fields.right);
        let update = self.child(node, self.fields.operator).is_some_and(|operator| self.slice(operator) != "=");
        if let ([target], [value], false) = (&targets[..], &values[..], update)
            && let Some(grown) = self.grown(*target, *value)
        {
            return grown;
        }
        let mut values: Vec<_> = values.into_iter().map(|value| self.node(value)).collect();
        // Of several results the first goes to the first name; what the others get is not told.
        let paired = values.len() == targets.len();
        values.reverse();
        let mut assigned = Vec::new();
        for (at, target) in targets.into_iter().enumerate() {
            let value = if paired || at == 0 { values.pop() } else { None };
            assigned.extend(match self.kind(target) {
                Kind::Identifier if self.slice(target) == "_" => value,
                _ => {
                    let target = self.node(target);
                    Some(Node::new(start, end, Form::Assign(Box::new(Assign { target, value, update }))))
                }
            });
        }
        match assigned.len() {
            1 => assigned.pop().map_or(Form::Null, |one| one.form),
            _ => Form::Other(assigned),
        }
    }

    /// `xs = append(xs, x)` is what `xs.append(x)` is elsewhere.
    fn grown(&mut self, target: Syntax<'t>, value: Syntax<'t>) -> Option<Form<'t>> {
        let function = self.child(value, self.fields.function)?;
        let arguments = self.child(value, self.fields.arguments)?;
        let arguments = self.children(arguments);
        let (first, rest) = arguments.split_first()?;
        if self.slice(function) != "append" || self.slice(*first) != self.slice(target) {
            return None;
        }
        let object = self.node(target);
        let (start, end) = range(function);
        let callee = Node::new(start, end, Form::Member(Box::new(object), "append"));
        let rest = rest.iter().map(|argument| self.argument(*argument)).collect();
        Some(Form::call(callee, rest))
    }

    fn step(&mut self, node: Syntax<'t>) -> Form<'t> {
        match self.nodes(node).pop() {
            Some(target) => Form::Assign(Box::new(Assign { target, value: None, update: true })),
            None => Form::Other(Vec::new()),
        }
    }

    /// The members of an expression list.
    fn expressions(&mut self, node: Syntax<'t>, field: u16) -> Vec<Syntax<'t>> {
        match self.child(node, field) {
            Some(list) if self.kind(list) == Kind::Expressions => self.children(list),
            Some(one) => vec![one],
            None => Vec::new(),
        }
    }
}

fn range(node: Syntax<'_>) -> (u32, u32) {
    (node.start_byte() as u32, node.end_byte() as u32)
}
