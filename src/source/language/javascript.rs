//! JavaScript and TypeScript by tree-sitter; JSX in both.

mod functions;
mod modules;
mod names;
mod patterns;

use std::borrow::Cow;
use std::sync::LazyLock;

use tree_sitter::Node as Syntax;

use super::dialect::Dialect;
use super::grammar::{self, Grammar, fields, kinds};
use super::lines::Lines;
use super::lowering::{Lowering, Walk, walk_within};
use super::tree::{Assign, Call, Declare, Form, Node, Pattern, Place, SPREAD};
use super::{Adapter, Extracted};
use crate::model::fact::Language;

pub(super) const JAVASCRIPT: Adapter = Adapter {
    language: Language::JavaScript,
    extensions: &["js", "jsx", "mjs", "cjs"],
    extract: |path, text| extract(&SCRIPT, &names::JS, path, text),
    module_candidates: modules::module_candidates,
};

pub(super) const TYPESCRIPT: Adapter = Adapter {
    language: Language::TypeScript,
    extensions: &["ts", "mts", "cts"],
    extract: |path, text| extract(&TYPED, &names::TS, path, text),
    module_candidates: modules::module_candidates,
};

pub(super) const TSX: Adapter = Adapter {
    language: Language::TypeScript,
    extensions: &["tsx"],
    extract: |path, text| extract(&TYPED_JSX, &names::TS, path, text),
    module_candidates: modules::module_candidates,
};

kinds! {
    Identifier = "identifier" | "undefined",
    This = "this",
    Member = "member_expression" | "nested_identifier",
    Subscript = "subscript_expression",
    Call = "call_expression",
    New = "new_expression",
    String = "string",
    Template = "template_string",
    Substitution = "template_substitution",
    Number = "number",
    True = "true",
    False = "false",
    Null = "null",
    Array = "array",
    Object = "object",
    Pair = "pair",
    Shorthand = "shorthand_property_identifier" | "shorthand_property_identifier_pattern",
    Spread = "spread_element",
    Function = "function_expression" | "generator_function",
    FunctionDeclaration = "function_declaration" | "generator_function_declaration",
    Arrow = "arrow_function",
    Method = "method_definition",
    Class = "class_declaration" | "abstract_class_declaration" | "class",
    ClassBody = "class_body",
    Field = "field_definition" | "public_field_definition",
    Lexical = "lexical_declaration",
    Variable = "variable_declaration",
    Declarator = "variable_declarator",
    Assignment = "assignment_expression",
    Augmented = "augmented_assignment_expression",
    Update = "update_expression",
    Unary = "unary_expression",
    Binary = "binary_expression",
    Ternary = "ternary_expression",
    Through = "await_expression" | "parenthesized_expression" | "as_expression" | "satisfies_expression"
        | "non_null_expression" | "type_assertion" | "instantiation_expression",
    Import = "import_statement",
    ImportClause = "import_clause",
    NamedImports = "named_imports",
    NamespaceImport = "namespace_import",
    ImportSpecifier = "import_specifier",
    ImportRequire = "import_require_clause",
    ImportWord = "import",
    Export = "export_statement",
    Statement = "expression_statement",
    ExportClause = "export_clause",
    ForIn = "for_in_statement",
    Block = "statement_block" | "for_statement" | "switch_body",
    Catch = "catch_clause",
    ObjectPattern = "object_pattern",
    ArrayPattern = "array_pattern",
    PairPattern = "pair_pattern",
    ObjectDefault = "object_assignment_pattern",
    Default = "assignment_pattern",
    Rest = "rest_pattern",
    Parameter = "required_parameter" | "optional_parameter",
    Accessibility = "accessibility_modifier" | "override_modifier",
    Decorator = "decorator",
    Heritage = "class_heritage",
    Extends = "extends_clause",
    Implements = "implements_clause",
    TypeIdentifier = "type_identifier",
    NestedType = "nested_type_identifier",
    GenericType = "generic_type",
    UnionType = "union_type",
    ComputedName = "computed_property_name",
    Skipped = "comment" | "type_annotation" | "type_arguments" | "type_parameters" | "interface_declaration"
        | "type_alias_declaration" | "ambient_declaration" | "function_signature" | "method_signature"
        | "abstract_method_signature" | "index_signature" | "predefined_type" | "regex"
        | "jsx_text" | "property_identifier" | "statement_identifier" | "asserts_annotation" | "jsx_closing_element"
        | "type_predicate_annotation" | "html_comment" | "hash_bang_line" | "literal_type" | "object_type"
        | "array_type" | "function_type" | "intersection_type" | "lookup_type" | "conditional_type",
}

fields! {
    alias, alternative, argument, arguments, body, condition, consequence, constructor, function,
    index, key, kind, left, name, object, operator, parameter, parameters, pattern, property, return_type, right, source, r#type, type_arguments, value
}

type Tables = LazyLock<(Grammar<Kind>, Fields)>;

static SCRIPT: Tables = LazyLock::new(|| tables(tree_sitter_javascript::LANGUAGE));
static TYPED: Tables = LazyLock::new(|| tables(tree_sitter_typescript::LANGUAGE_TYPESCRIPT));
static TYPED_JSX: Tables = LazyLock::new(|| tables(tree_sitter_typescript::LANGUAGE_TSX));

fn tables(language: impl Into<tree_sitter::Language>) -> (Grammar<Kind>, Fields) {
    let grammar = Grammar::new(language, kind);
    let fields = Fields::of(&grammar);
    (grammar, fields)
}

fn extract(tables: &'static Tables, dialect: &'static Dialect, path: &str, text: &str) -> Extracted {
    let lines = Lines::new(text);
    let (grammar, fields) = &**tables;
    let syntax = match grammar::syntax(&grammar.language, path, text, &lines) {
        Ok(syntax) => syntax,
        Err(problem) => return Extracted::failed(path, dialect.language, problem),
    };
    let mut lower = Lower { walk: Walk::new(grammar, text), fields };
    let tree = lower.node(syntax.root_node());
    lower.walk.facts(&tree, &syntax, dialect, path, &lines)
}

struct Lower<'t> {
    walk: Walk<'t, Kind>,
    fields: &'static Fields,
}

impl<'t> Lowering<'t> for Lower<'t> {
    walk_within!('t);

    fn form(&mut self, node: Syntax<'t>) -> Form<'t> {
        match self.kind(node) {
            Kind::Identifier | Kind::Shorthand => self.identifier(node),
            Kind::ImportWord => Form::Name("import"),
            Kind::This => Form::This,
            Kind::Member => self.member(node),
            Kind::Subscript => Form::Index(self.boxed(node, self.fields.object), self.boxed(node, self.fields.index)),
            Kind::Call => self.call(node, self.fields.function),
            Kind::New => self.call(node, self.fields.constructor),
            Kind::String => self.string(node),
            Kind::Template => self.template(node),
            Kind::Number => grammar::number(self.slice(node)).map_or(Form::Other(Vec::new()), Form::Number),
            Kind::True => Form::Bool(true),
            Kind::False => Form::Bool(false),
            Kind::Null => Form::Null,
            Kind::Array => Form::List(self.nodes(node)),
            Kind::Object => self.object(node),
            Kind::Function | Kind::FunctionDeclaration | Kind::Arrow => self.function(node),
            Kind::Method => self.method(node),
            Kind::Class => self.class(node),
            Kind::Field => self.class_field(node),
            Kind::Lexical => self.declarations(node, Place::Block),
            Kind::Variable => self.declarations(node, Place::Function),
            Kind::Assignment => self.assignment(node),
            Kind::Augmented => self.augmented(node),
            Kind::Update => self.update(node),
            Kind::Unary => self.unary(node),
            Kind::Binary => self.binary(node),
            Kind::Ternary => self.ternary(node),
            Kind::Through | Kind::Spread | Kind::Substitution => self.through(node),
            Kind::Import => self.import(node),
            Kind::Export => self.export(node),
            Kind::Statement => self.statement(node),
            Kind::ForIn => self.for_in(node),
            Kind::Block => Form::block(self.nodes(node)),
            Kind::Catch => self.catch(node),
            _ => Form::Other(self.nodes(node)),
        }
    }
}

impl<'t> Lower<'t> {
    fn identifier(&self, node: Syntax<'t>) -> Form<'t> {
        match self.slice(node) {
            "undefined" => Form::Null,
            name => Form::Name(name),
        }
    }

    fn through(&mut self, node: Syntax<'t>) -> Form<'t> {
        // The value comes first; a type may follow, or stand before it in `<T>x`.
        let inner = self.children(node).into_iter().find(|child| !self.is_type(*child));
        inner.map_or(Form::Other(Vec::new()), |inner| Form::Through(Box::new(self.node(inner))))
    }

    fn is_type(&self, node: Syntax<'_>) -> bool {
        matches!(self.kind(node), Kind::TypeIdentifier | Kind::NestedType | Kind::GenericType | Kind::UnionType)
    }

    fn member(&mut self, node: Syntax<'t>) -> Form<'t> {
        Form::Member(self.boxed(node, self.fields.object), self.name(node, self.fields.property))
    }

    fn call(&mut self, node: Syntax<'t>, callee: u16) -> Form<'t> {
        let callee = self.required(node, callee);
        let mut arguments = Vec::new();
        match node.child_by_field_id(self.fields.arguments) {
            Some(template) if self.kind(template) == Kind::Template => arguments.push((None, self.node(template))),
            Some(list) => {
                for child in self.children(list) {
                    let name = (self.kind(child) == Kind::Spread).then_some(SPREAD);
                    arguments.push((name, self.node(child)));
                }
            }
            None => {}
        }
        Form::Call(Box::new(Call { callee, arguments }))
    }

    fn string(&self, node: Syntax<'t>) -> Form<'t> {
        let raw = self.slice(node);
        Form::Text(grammar::unescaped(raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default()))
    }

    fn template(&mut self, node: Syntax<'t>) -> Form<'t> {
        let children = self.children(node);
        let computed: Vec<_> = children.into_iter().filter(|child| self.kind(*child) == Kind::Substitution).collect();
        if computed.is_empty() {
            return self.string(node);
        }
        Form::Other(computed.into_iter().map(|child| self.node(child)).collect())
    }

    /// The text of a property's key; `None` when it is computed.
    fn key(&self, node: Syntax<'t>) -> Option<Cow<'t, str>> {
        match self.kind(node) {
            Kind::String => match self.string(node) {
                Form::Text(text) => Some(text),
                _ => None,
            },
            Kind::ComputedName => None,
            _ => Some(Cow::Borrowed(self.slice(node))),
        }
    }

    fn object(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut entries = Vec::new();
        for child in self.children(node) {
            match self.kind(child) {
                Kind::Pair => {
                    let Some(key_node) = child.child_by_field_id(self.fields.key) else { continue };
                    let value = self.required(child, self.fields.value);
                    match self.key(key_node) {
                        Some(key) => entries.push((key, value)),
                        None => {
                            let key = self.node(key_node);
                            let (start, end) = (key.start, value.end);
                            entries.push((Cow::Borrowed(""), Node::new(start, end, Form::Other(vec![key, value]))));
                        }
                    }
                }
                Kind::Shorthand => entries.push((Cow::Borrowed(self.slice(child)), self.node(child))),
                Kind::Method => {
                    let name = self.name(child, self.fields.name);
                    let function = self.plain_function(child, "");
                    let (start, end) = (child.start_byte() as u32, child.end_byte() as u32);
                    entries.push((Cow::Borrowed(name), Node::new(start, end, Form::Function(Box::new(function)))));
                }
                Kind::Spread => entries.push((Cow::Borrowed(SPREAD), self.node(child))),
                _ => {}
            }
        }
        Form::Map(entries)
    }

    // Statements

    /// A directive, `"use server"`, is written as a call of it: it does something to what it stands in. `"use strict"` does not.
    fn statement(&mut self, node: Syntax<'t>) -> Form<'t> {
        let text = node.named_child(0).filter(|child| self.kind(*child) == Kind::String);
        let directive = text.and_then(|text| self.slice(text).get(1..)?.strip_suffix(['"', '\'']));
        match directive.filter(|directive| directive.starts_with("use ") && *directive != "use strict") {
            Some(directive) => {
                let (start, end) = (node.start_byte() as u32, node.end_byte() as u32);
                Form::call(Node::new(start, end, Form::Name(directive)), Vec::new())
            }
            None => Form::Other(self.nodes(node)),
        }
    }

    fn declarations(&mut self, node: Syntax<'t>, place: Place) -> Form<'t> {
        let mut declares = Vec::new();
        for child in self.children(node) {
            let (start, end) = (child.start_byte() as u32, child.end_byte() as u32);
            let Some(name) = child.child_by_field_id(self.fields.name) else { continue };
            let pattern = self.pattern(name);
            let annotation = self.annotation(child);
            let value = self.field(child, self.fields.value);
            let declare = Declare { annotation, ..Declare::new(pattern, value, place) };
            declares.push(Node::new(start, end, Form::Declare(Box::new(declare))));
        }
        Form::Other(declares)
    }

    fn assignment(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Some(left) = node.child_by_field_id(self.fields.left) else { return Form::Other(self.nodes(node)) };
        let value = self.required(node, self.fields.right);
        if matches!(self.kind(left), Kind::ObjectPattern | Kind::ArrayPattern) {
            let targets = self.targets(left).into_iter().map(|target| {
                let (start, end) = (target.start, target.end);
                Node::new(start, end, Form::Assign(Box::new(Assign { target, value: None, update: false })))
            });
            let mut parts: Vec<_> = targets.collect();
            parts.push(value);
            return Form::Other(parts);
        }
        let target = self.node(left);
        let value = match modules::is_exports(&target) {
            true if modules::is_module(&target) => modules::given(value),
            true => Node::new(value.start, value.end, Form::Exported(Box::new(value))),
            false => value,
        };
        if matches!(value.form, Form::Settings(_)) {
            return value.form;
        }
        Form::Assign(Box::new(Assign { target, value: Some(value), update: false }))
    }

    fn augmented(&mut self, node: Syntax<'t>) -> Form<'t> {
        let target = self.required(node, self.fields.left);
        let value = Some(self.required(node, self.fields.right));
        let operator = self.name(node, self.fields.operator);
        // `x ||= y` and `x ??= y` give a value where there is none.
        let update = !matches!(operator, "||=" | "??=" | "&&=");
        Form::Assign(Box::new(Assign { target, value, update }))
    }

    fn update(&mut self, node: Syntax<'t>) -> Form<'t> {
        let target = self.required(node, self.fields.argument);
        Form::Assign(Box::new(Assign { target, value: None, update: true }))
    }

    fn unary(&mut self, node: Syntax<'t>) -> Form<'t> {
        let operator = self.name(node, self.fields.operator);
        let inner = self.required(node, self.fields.argument);
        match (operator, inner.form) {
            ("delete", form) => Form::Delete(Box::new(Node::new(inner.start, inner.end, form))),
            ("-", Form::Number(number)) => Form::Number(-number),
            ("!", Form::Number(number)) => Form::Bool(number == 0.0),
            ("void", Form::Number(_)) => Form::Null,
            (_, form) => Form::Other(vec![Node::new(inner.start, inner.end, form)]),
        }
    }

    fn binary(&mut self, node: Syntax<'t>) -> Form<'t> {
        if matches!(self.name(node, self.fields.operator), "||" | "??") {
            let parts = [self.required(node, self.fields.left), self.required(node, self.fields.right)];
            return Form::Either(Box::new(parts));
        }
        let Fields { left, right, operator, .. } = *self.fields;
        self.chain(node, left, right, |lower, link| {
            lower.kind(link) == Kind::Binary && !matches!(lower.name(link, operator), "||" | "??")
        })
    }

    fn ternary(&mut self, node: Syntax<'t>) -> Form<'t> {
        Form::Choice(Box::new([
            self.required(node, self.fields.condition),
            self.required(node, self.fields.consequence),
            self.required(node, self.fields.alternative),
        ]))
    }

    fn for_in(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Some(left) = node.child_by_field_id(self.fields.left) else { return Form::Other(self.nodes(node)) };
        let declares = node.child_by_field_id(self.fields.kind).is_some();
        let iterable = self.required(node, self.fields.right);
        let (start, end) = (left.start_byte() as u32, iterable.end);
        // Without `const` or `let` the loop assigns what is there: that tells nothing.
        let pattern = if declares { self.pattern(left) } else { Pattern::Ignored };
        let mut body = vec![Node::new(start, end, Form::Each(Box::new((pattern, iterable))))];
        body.extend(self.field(node, self.fields.body));
        Form::block(body)
    }

    fn catch(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut body = Vec::new();
        if let Some(parameter) = node.child_by_field_id(self.fields.parameter) {
            let (start, end) = (parameter.start_byte() as u32, parameter.end_byte() as u32);
            let pattern = self.pattern(parameter);
            let declare = Declare::new(pattern, None, Place::Block);
            body.push(Node::new(start, end, Form::Declare(Box::new(declare))));
        }
        body.extend(self.field(node, self.fields.body));
        Form::block(body)
    }
}
