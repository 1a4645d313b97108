//! Java by tree-sitter.
//!
//! A type goes by the name that it is imported by, one of the same package or of an import with `*` by its bare name;
//! [`lint`](crate::lint) finds the class of the project that it is.

mod calls;
mod classes;
mod literals;
mod members;
mod statements;
mod types;

use std::sync::LazyLock;

use tree_sitter::Node as Syntax;

use super::grammar::{self, Grammar, fields, kinds};
use super::lines::Lines;
use super::lowering::{Lowering, Walk, walk_within};
use super::tree::{Assign, Form, Node};
use super::{Adapter, Extracted, jvm};
use crate::model::fact::{FileFacts, Language};

pub(super) const ADAPTER: Adapter =
    Adapter { language: Language::Java, extensions: &["java"], extract, module_candidates: |_, _| Vec::new() };

kinds! {
    Import = "import_declaration",
    Asterisk = "asterisk",
    Class = "class_declaration" | "record_declaration" | "interface_declaration" | "enum_declaration",
    NoState = "annotation_type_declaration" | "package_declaration" | "module_declaration",
    Members = "class_body" | "interface_body" | "enum_body" | "enum_body_declarations",
    Constant = "enum_constant",
    Bases = "superclass" | "super_interfaces" | "extends_interfaces" | "type_list",
    Modifiers = "modifiers",
    Marker = "marker_annotation",
    Annotation = "annotation",
    AnnotationArguments = "annotation_argument_list",
    Pair = "element_value_pair",
    Field = "field_declaration" | "constant_declaration",
    Local = "local_variable_declaration",
    Declarator = "variable_declarator",
    Constructor = "constructor_declaration" | "compact_constructor_declaration",
    Delegation = "explicit_constructor_invocation",
    Method = "method_declaration",
    Parameters = "formal_parameters" | "inferred_parameters",
    Parameter = "formal_parameter" | "spread_parameter" | "catch_formal_parameter",
    Resource = "resource",
    Block = "block" | "constructor_body" | "static_initializer",
    Scoped = "for_statement" | "while_statement" | "do_statement" | "switch_expression" | "switch_rule"
        | "switch_block_statement_group" | "catch_clause" | "try_with_resources_statement",
    ForEach = "enhanced_for_statement",
    Synchronized = "synchronized_statement",
    TypePattern = "type_pattern" | "record_pattern_component",
    InstanceOf = "instanceof_expression",
    Identifier = "identifier" | "type_identifier",
    Scope = "scoped_identifier" | "scoped_type_identifier",
    Generic = "generic_type",
    Annotated = "annotated_type",
    Array = "array_type",
    Primitive = "integral_type" | "floating_point_type" | "boolean_type",
    TypeArguments = "type_arguments",
    This = "this",
    Super = "super",
    Member = "field_access",
    Index = "array_access",
    Call = "method_invocation",
    Arguments = "argument_list",
    Reference = "method_reference",
    New = "object_creation_expression",
    NewArray = "array_creation_expression",
    ArrayBody = "array_initializer" | "element_value_array_initializer",
    Lambda = "lambda_expression",
    ClassLiteral = "class_literal",
    Assignment = "assignment_expression",
    Update = "update_expression",
    Unary = "unary_expression",
    Binary = "binary_expression",
    Ternary = "ternary_expression",
    Cast = "cast_expression",
    Through = "parenthesized_expression",
    Text = "string_literal",
    Character = "character_literal",
    Number = "decimal_integer_literal" | "hex_integer_literal" | "octal_integer_literal" | "binary_integer_literal"
        | "decimal_floating_point_literal" | "hex_floating_point_literal",
    True = "true",
    False = "false",
    Null = "null_literal",
    Skipped = "line_comment" | "block_comment" | "void_type" | "type_parameters" | "throws" | "permits" | "dimensions"
        | "underscore_pattern" | "receiver_parameter" | "break_statement" | "continue_statement" | "wildcard"
        | "catch_type",
}

fields! {
    alternative, arguments, array, body, condition, consequence, field, index, key, left, name,
    object, operand, operator, parameters, right, r#type, value
}

static GRAMMAR: LazyLock<(Grammar<Kind>, Fields)> = LazyLock::new(|| {
    let grammar = Grammar::new(tree_sitter_java::LANGUAGE, kind);
    let fields = Fields::of(&grammar);
    (grammar, fields)
});

fn extract(path: &str, text: &str) -> Extracted {
    let lines = Lines::new(text);
    if jvm::is_generated(text) {
        let facts = FileFacts { lines: lines.count(), ..FileFacts::empty(path, Language::Java) };
        return Extracted { facts, problems: Vec::new() };
    }
    let (grammar, fields) = &*GRAMMAR;
    let syntax = match grammar::syntax(&grammar.language, path, text, &lines) {
        Ok(syntax) => syntax,
        Err(problem) => return Extracted::failed(path, Language::Java, problem),
    };
    let mut lower = Lower { walk: Walk::new(grammar, text), fields };
    let tree = lower.node(syntax.root_node());
    lower.walk.facts(&tree, &syntax, &jvm::JAVA, path, &lines)
}

struct Lower<'t> {
    walk: Walk<'t, Kind>,
    fields: &'static Fields,
}

impl<'t> Lowering<'t> for Lower<'t> {
    walk_within!('t);

    fn form(&mut self, node: Syntax<'t>) -> Form<'t> {
        match self.kind(node) {
            Kind::Identifier => Form::Name(self.slice(node)),
            Kind::Scope | Kind::Generic | Kind::Annotated | Kind::Array => self.type_form(node),
            Kind::This => Form::This,
            Kind::Super => Form::Name("super"),
            Kind::Member => self.member(node),
            Kind::Index => Form::Index(self.boxed(node, self.fields.array), self.boxed(node, self.fields.index)),
            Kind::Call => self.call(node),
            Kind::Reference => self.reference(node),
            Kind::New => self.creation(node),
            Kind::Lambda => self.lambda(node),
            Kind::ClassLiteral => self.class_literal(node),
            Kind::Assignment => self.assignment(node),
            Kind::Update => self.update(node),
            Kind::Unary => self.unary(node),
            Kind::Binary => self.binary(node),
            Kind::Ternary => self.ternary(node),
            Kind::Cast => Form::Through(self.boxed(node, self.fields.value)),
            Kind::Through => self.through(node),
            Kind::Import => self.imports(node),
            Kind::Class => self.class(node),
            Kind::Field => self.field_declaration(node),
            Kind::Constructor => self.constructor(node),
            Kind::Delegation => Form::Other(self.nodes(node)),
            Kind::Method => self.method(node),
            Kind::Marker | Kind::Annotation => self.annotation(node),
            Kind::Modifiers | Kind::NoState | Kind::Bases | Kind::Primitive | Kind::TypeArguments => {
                Form::Other(Vec::new())
            }
            Kind::Text | Kind::Character => self.text(node),
            Kind::Number => grammar::number(self.slice(node)).map_or(Form::Other(Vec::new()), Form::Number),
            Kind::True => Form::Bool(true),
            Kind::False => Form::Bool(false),
            Kind::Null => Form::Null,
            Kind::NewArray => self.array(node),
            Kind::ArrayBody => Form::List(self.nodes(node)),
            _ => self.statement(node),
        }
    }
}

impl<'t> Lower<'t> {
    fn child(&self, node: Syntax<'t>, field: u16) -> Option<Syntax<'t>> {
        node.child_by_field_id(field)
    }

    fn child_of(&mut self, node: Syntax<'t>, kind: Kind) -> Option<Syntax<'t>> {
        self.children(node).into_iter().find(|child| self.kind(*child) == kind)
    }

    fn through(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut inner = self.nodes(node);
        match inner.len() {
            1 => inner.pop().map_or(Form::Null, |inner| Form::Through(Box::new(inner))),
            _ => Form::Other(inner),
        }
    }

    /// `shop.items`, and `Shop.this.items`, which is what `items` means in the class within `Shop`.
    fn member(&mut self, node: Syntax<'t>) -> Form<'t> {
        let name = self.name(node, self.fields.field);
        let Some(object) = self.child(node, self.fields.object) else { return Form::Name(name) };
        let of_outer = |lower: &Self, object| {
            let field = lower.child(object, lower.fields.field).map(|field| lower.kind(field));
            lower.kind(object) == Kind::Member && field == Some(Kind::This)
        };
        match name {
            "this" => Form::This,
            _ if of_outer(self, object) || jvm::is_package(self.slice(object)) => Form::Name(name),
            _ => Form::Member(Box::new(self.node(object)), name),
        }
    }

    fn unary(&mut self, node: Syntax<'t>) -> Form<'t> {
        let operator = self.name(node, self.fields.operator);
        let inner = self.required(node, self.fields.operand);
        match inner.form {
            Form::Number(number) if operator == "-" => Form::Number(-number),
            form => Form::Other(vec![Node::new(inner.start, inner.end, form)]),
        }
    }

    fn update(&mut self, node: Syntax<'t>) -> Form<'t> {
        match self.nodes(node).pop() {
            Some(target) => Form::Assign(Box::new(Assign { target, value: None, update: true })),
            None => Form::Other(Vec::new()),
        }
    }

    fn ternary(&mut self, node: Syntax<'t>) -> Form<'t> {
        Form::Choice(Box::new([
            self.required(node, self.fields.condition),
            self.required(node, self.fields.consequence),
            self.required(node, self.fields.alternative),
        ]))
    }

    fn assignment(&mut self, node: Syntax<'t>) -> Form<'t> {
        let (target, value) = (self.required(node, self.fields.left), self.field(node, self.fields.right));
        let update = self.name(node, self.fields.operator) != "=";
        Form::Assign(Box::new(Assign { target, value, update }))
    }

    /// `import a.b.C;`, `import a.b.*;`, `import static a.B.c;`.
    fn imports(&mut self, node: Syntax<'t>) -> Form<'t> {
        let children = self.children(node);
        let Some(named) = children.first().copied() else { return Form::Other(Vec::new()) };
        let all = children.iter().any(|child| self.kind(*child) == Kind::Asterisk);
        jvm::import(self.slice(named), None, all)
    }
}

fn range(node: Syntax<'_>) -> (u32, u32) {
    (node.start_byte() as u32, node.end_byte() as u32)
}
