//! Kotlin by tree-sitter.
//!
//! Types are named as in Java. What stands outside of classes belongs to the module, what an `object` or the companion of a class
//! declares is static, and a lambda behind a call is its last argument.

mod calls;
mod classes;
mod literals;
mod members;
mod statements;
mod types;

use std::borrow::Cow;
use std::sync::LazyLock;

use tree_sitter::Node as Syntax;

use super::grammar::{self, Grammar, fields, kinds};
use super::lines::Lines;
use super::lowering::{Lowering, Walk, walk_within};
use super::tree::{Assign, Form, Node, Place};
use super::{Adapter, Extracted, jvm};
use crate::model::fact::{FileFacts, Language};

pub(super) const ADAPTER: Adapter =
    Adapter { language: Language::Kotlin, extensions: &["kt"], extract, module_candidates: |_, _| Vec::new() };

kinds! {
    Import = "import",
    Path = "qualified_identifier",
    NoState = "package_header" | "file_annotation" | "type_alias" | "shebang",
    Class = "class_declaration",
    Object = "object_declaration",
    Companion = "companion_object",
    ObjectLiteral = "object_literal",
    Members = "class_body" | "enum_class_body",
    Entry = "enum_entry",
    Bases = "delegation_specifiers",
    Base = "delegation_specifier",
    Delegation = "explicit_delegation",
    Construction = "constructor_invocation",
    PrimaryConstructor = "primary_constructor",
    ClassParameters = "class_parameters",
    ClassParameter = "class_parameter",
    SecondaryConstructor = "secondary_constructor",
    DelegationCall = "constructor_delegation_call",
    Initializer = "anonymous_initializer",
    Modifiers = "modifiers",
    Annotation = "annotation",
    Annotated = "annotated_expression",
    Function = "function_declaration" | "anonymous_function",
    FunctionBody = "function_body",
    Parameters = "function_value_parameters",
    Parameter = "parameter",
    ParameterModifiers = "parameter_modifiers",
    Property = "property_declaration",
    Delegate = "property_delegate",
    Getter = "getter",
    Setter = "setter",
    Variable = "variable_declaration",
    Variables = "multi_variable_declaration",
    Block = "block",
    Scoped = "while_statement" | "do_while_statement" | "finally_block",
    Catch = "catch_block",
    ForEach = "for_statement",
    If = "if_expression",
    When = "when_expression",
    Subject = "when_subject",
    Case = "when_entry",
    UserType = "user_type",
    Nullable = "nullable_type" | "non_nullable_type" | "parenthesized_type",
    FunctionType = "function_type",
    TypeArguments = "type_arguments",
    Projection = "type_projection",
    TypeTest = "type_test",
    Identifier = "identifier",
    This = "this_expression",
    Super = "super_expression",
    Member = "navigation_expression",
    Index = "index_expression",
    Call = "call_expression",
    Arguments = "value_arguments",
    Argument = "value_argument",
    TrailingLambda = "annotated_lambda",
    Lambda = "lambda_literal",
    LambdaParameters = "lambda_parameters",
    Reference = "callable_reference",
    Assignment = "assignment",
    Unary = "unary_expression",
    Binary = "binary_expression",
    Cast = "as_expression",
    TypeCheck = "is_expression",
    Through = "parenthesized_expression" | "labeled_expression",
    Jump = "return_expression" | "throw_expression",
    Spread = "spread_expression",
    List = "collection_literal",
    Text = "string_literal" | "multiline_string_literal",
    Content = "string_content",
    Escape = "escape_sequence",
    Interpolation = "interpolation",
    Character = "character_literal",
    Number = "number_literal" | "float_literal",
    Skipped = "line_comment" | "block_comment" | "label" | "type_parameters" | "type_constraints" | "type_modifiers",
}

fields! { argument, condition, left, name, operator, right }

static GRAMMAR: LazyLock<(Grammar<Kind>, Fields)> = LazyLock::new(|| {
    let grammar = Grammar::new(tree_sitter_kotlin_ng::LANGUAGE, kind);
    let fields = Fields::of(&grammar);
    (grammar, fields)
});

fn extract(path: &str, text: &str) -> Extracted {
    let text = &*with_end(text);
    let lines = Lines::new(text);
    if jvm::is_generated(text) {
        let facts = FileFacts { lines: lines.count(), ..FileFacts::empty(path, Language::Kotlin) };
        return Extracted { facts, problems: Vec::new() };
    }
    let (grammar, fields) = &*GRAMMAR;
    let syntax = match grammar::syntax(&grammar.language, path, text, &lines) {
        Ok(syntax) => syntax,
        Err(problem) => return Extracted::failed(path, Language::Kotlin, problem),
    };
    let mut lower = Lower { walk: Walk::new(grammar, text), fields };
    let tree = lower.node(syntax.root_node());
    lower.walk.facts(&tree, &syntax, &jvm::KOTLIN, path, &lines)
}

/// The scanner of the grammar goes through an annotation until a blank ends it, and without one goes on for ever.
fn with_end(text: &str) -> Cow<'_, str> {
    if text.ends_with('\n') { Cow::Borrowed(text) } else { Cow::Owned(format!("{text}\n")) }
}

struct Lower<'t> {
    walk: Walk<'t, Kind>,
    fields: &'static Fields,
}

impl<'t> Lowering<'t> for Lower<'t> {
    walk_within!('t);

    fn form(&mut self, node: Syntax<'t>) -> Form<'t> {
        match self.kind(node) {
            Kind::Identifier => self.identifier(node),
            Kind::This => Form::This,
            Kind::Super => Form::Name("super"),
            Kind::Member => self.member(node),
            Kind::Index => self.index(node),
            Kind::Call => self.call(node),
            Kind::Lambda => self.lambda(node),
            Kind::TrailingLambda => self.trailing_lambda(node),
            Kind::Reference => self.reference(node),
            Kind::Spread | Kind::Through => self.through(node),
            Kind::Cast => Form::Through(self.boxed(node, self.fields.left)),
            Kind::TypeCheck => Form::Other(self.field(node, self.fields.left).into_iter().collect()),
            Kind::Assignment => self.assignment(node),
            Kind::Unary => self.unary(node),
            Kind::Binary => self.binary(node),
            Kind::Import => self.imports(node),
            Kind::Class => self.class(node),
            Kind::Object | Kind::Companion => self.object(node),
            Kind::ObjectLiteral => self.object_literal(node),
            Kind::Function => self.function(node, false),
            Kind::Property => self.property(node, Place::Block),
            Kind::Text => self.text(node),
            Kind::Character => Form::Text(grammar::unescaped(self.slice(node).trim_matches('\''))),
            Kind::Number => grammar::number(self.slice(node)).map_or(Form::Other(Vec::new()), Form::Number),
            Kind::List => Form::List(self.nodes(node)),
            Kind::Modifiers | Kind::NoState | Kind::TypeArguments | Kind::TypeTest => Form::Other(Vec::new()),
            Kind::UserType | Kind::Nullable | Kind::FunctionType | Kind::Annotation => Form::Other(Vec::new()),
            _ => self.statement(node),
        }
    }
}

impl<'t> Lower<'t> {
    fn child_of(&mut self, node: Syntax<'t>, kind: Kind) -> Option<Syntax<'t>> {
        self.children(node).into_iter().find(|child| self.kind(*child) == kind)
    }

    /// The grammar knows no keywords where values stand.
    fn identifier(&self, node: Syntax<'t>) -> Form<'t> {
        match self.slice(node) {
            "true" => Form::Bool(true),
            "false" => Form::Bool(false),
            "null" => Form::Null,
            name => Form::Name(name.trim_matches('`')),
        }
    }

    fn through(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut inner = self.nodes(node);
        match inner.len() {
            1 => inner.pop().map_or(Form::Null, |inner| Form::Through(Box::new(inner))),
            _ => Form::Other(inner),
        }
    }

    /// `shop.items`, `shop?.items`, `Shop::add`; `Shop::class` is the class, and so is `Shop::class.java`.
    fn member(&mut self, node: Syntax<'t>) -> Form<'t> {
        let children = self.children(node);
        let (Some(object), Some(named)) = (children.first().copied(), children.get(1)) else {
            return self.through(node);
        };
        let name = self.slice(*named).trim_matches('`');
        let of_class = self.kind(object) == Kind::Member && self.slice(object).ends_with("::class");
        match name {
            "class" => Form::Through(Box::new(self.node(object))),
            "java" | "javaObjectType" if of_class => Form::Through(Box::new(self.node(object))),
            _ if jvm::is_package(self.slice(object)) => Form::Name(name),
            _ => Form::Member(Box::new(self.node(object)), name),
        }
    }

    fn index(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut parts = self.nodes(node);
        match parts.len() {
            2 => match (parts.pop(), parts.pop()) {
                (Some(key), Some(object)) => Form::Index(Box::new(object), Box::new(key)),
                _ => Form::Other(parts),
            },
            _ => Form::Other(parts),
        }
    }

    fn assignment(&mut self, node: Syntax<'t>) -> Form<'t> {
        let (target, value) = (self.required(node, self.fields.left), self.field(node, self.fields.right));
        let update = self.name(node, self.fields.operator) != "=";
        Form::Assign(Box::new(Assign { target, value, update }))
    }

    fn unary(&mut self, node: Syntax<'t>) -> Form<'t> {
        let operator = self.name(node, self.fields.operator);
        let inner = self.required(node, self.fields.argument);
        match (operator, inner.form) {
            ("-", Form::Number(number)) => Form::Number(-number),
            ("++" | "--", form) => {
                let target = Node::new(inner.start, inner.end, form);
                Form::Assign(Box::new(Assign { target, value: None, update: true }))
            }
            ("!!", form) => Form::Through(Box::new(Node::new(inner.start, inner.end, form))),
            (_, form) => Form::Other(vec![Node::new(inner.start, inner.end, form)]),
        }
    }

    /// `import a.b.C`, `import a.b.*`, `import a.b.C as D`.
    fn imports(&mut self, node: Syntax<'t>) -> Form<'t> {
        let children = self.children(node);
        let Some(named) = children.first().copied() else { return Form::Other(Vec::new()) };
        let alias = children.get(1).map(|alias| self.slice(*alias));
        jvm::import(self.slice(named), alias, self.slice(node).ends_with('*'))
    }
}

fn range(node: Syntax<'_>) -> (u32, u32) {
    (node.start_byte() as u32, node.end_byte() as u32)
}
