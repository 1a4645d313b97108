//! PHP by tree-sitter, with the HTML that it stands in.
//!
//! Variables keep their `$`, since functions and classes have names of their own: `~$carts` is a variable, `~carts` a function.
//! `\` is written `.`: `App\Services\Cart` is `App.Services.Cart`.

mod calls;
mod control;
mod declarations;
mod literals;
mod modules;
mod names;
mod types;
mod variables;

use std::sync::LazyLock;

use tree_sitter::Node as Syntax;

use super::grammar::{self, Grammar, fields, kinds};
use super::lines::Lines;
use super::lowering::{Lowering, Walk, walk_within};
use super::tree::{Form, Node};
use super::{Adapter, Extracted};
use crate::model::fact::Language;
use variables::Frame;

pub(super) const ADAPTER: Adapter = Adapter {
    language: Language::Php,
    extensions: &["php", "phtml"],
    extract,
    module_candidates: modules::module_candidates,
};

kinds! {
    Namespace = "namespace_definition",
    Use = "namespace_use_declaration",
    UseClause = "namespace_use_clause",
    UseGroup = "namespace_use_group",
    NamespaceName = "namespace_name",
    Class = "class_declaration" | "interface_declaration" | "trait_declaration" | "enum_declaration",
    AnonymousClass = "anonymous_class",
    Extends = "base_clause" | "class_interface_clause",
    TraitUse = "use_declaration",
    TraitRules = "use_list",
    Property = "property_declaration",
    PropertyElement = "property_element",
    Const = "const_declaration",
    ConstElement = "const_element",
    EnumCase = "enum_case",
    Method = "method_declaration",
    Static = "static_modifier",
    Private = "visibility_modifier",
    Function = "function_definition",
    Closure = "anonymous_function",
    Arrow = "arrow_function",
    Captured = "anonymous_function_use_clause",
    Promoted = "property_promotion_parameter",
    Parameter = "simple_parameter",
    Variadic = "variadic_parameter",
    Attribute = "attribute",
    NamedType = "named_type",
    StaticVariables = "function_static_declaration",
    StaticVariable = "static_variable_declaration",
    Global = "global_declaration",
    Unset = "unset_statement",
    Return = "return_statement",
    Foreach = "foreach_statement",
    Pair = "pair",
    Catch = "catch_clause",
    Match = "match_expression",
    Arm = "match_conditional_expression" | "match_default_expression",
    Include = "include_expression" | "include_once_expression" | "require_expression" | "require_once_expression",
    Variable = "variable_name",
    Name = "name",
    Qualified = "qualified_name" | "relative_name",
    Scope = "relative_scope",
    Member = "member_access_expression" | "nullsafe_member_access_expression",
    StaticMember = "scoped_property_access_expression",
    Constant = "class_constant_access_expression",
    Subscript = "subscript_expression",
    Call = "function_call_expression",
    MethodCall = "member_call_expression" | "nullsafe_member_call_expression",
    StaticCall = "scoped_call_expression",
    New = "object_creation_expression",
    Arguments = "arguments",
    Spread = "variadic_unpacking",
    Placeholder = "variadic_placeholder",
    Assignment = "assignment_expression" | "reference_assignment_expression",
    Augmented = "augmented_assignment_expression",
    Step = "update_expression",
    List = "list_literal",
    Array = "array_creation_expression",
    Element = "array_element_initializer",
    Binary = "binary_expression",
    Unary = "unary_op_expression",
    Conditional = "conditional_expression",
    Through = "parenthesized_expression" | "error_suppression_expression" | "clone_expression" | "by_ref"
        | "expression_statement",
    Cast = "cast_expression",
    Text = "string" | "nowdoc",
    Interpolated = "encapsed_string" | "heredoc",
    Content = "string_content" | "escape_sequence",
    HeredocBody = "heredoc_body" | "nowdoc_body",
    Number = "integer" | "float",
    Bool = "boolean",
    Null = "null",
    Skipped = "comment" | "text" | "php_tag" | "php_end_tag" | "text_interpolation" | "declare_directive" | "cast_type"
        | "heredoc_start" | "heredoc_end" | "primitive_type" | "optional_type" | "union_type" | "type_list" | "bottom_type"
        | "intersection_type" | "disjunctive_normal_form_type" | "reference_modifier" | "goto_statement"
        | "named_label_statement",
}

fields! {
    alias, alternative, arguments, attributes, body, condition, default_value, function, left, name, object, operator,
    parameters, return_expression, return_type, right, scope, r#type, value
}

static GRAMMAR: LazyLock<(Grammar<Kind>, Fields)> = LazyLock::new(|| {
    let grammar = Grammar::new(tree_sitter_php::LANGUAGE_PHP, kind);
    let fields = Fields::of(&grammar);
    (grammar, fields)
});

fn extract(path: &str, text: &str) -> Extracted {
    let lines = Lines::new(text);
    let (grammar, fields) = &*GRAMMAR;
    let syntax = match grammar::syntax(&grammar.language, path, text, &lines) {
        Ok(syntax) => syntax,
        Err(problem) => return Extracted::failed(path, Language::Php, problem),
    };
    let mut lower = Lower { walk: Walk::new(grammar, text), fields, classes: Vec::new(), frames: Vec::new() };
    let root = syntax.root_node();
    let tree = Node::new(root.start_byte() as u32, root.end_byte() as u32, Form::Other(lower.nodes(root)));
    lower.walk.facts(&tree, &syntax, &names::DIALECT, path, &lines)
}

struct Lower<'t> {
    walk: Walk<'t, Kind>,
    fields: &'static Fields,
    /// The classes around, from the outside in.
    classes: Vec<Enclosing<'t>>,
    /// The functions around, from the outside in.
    frames: Vec<Frame<'t>>,
}

/// A class while its body is lowered: what `self` and `parent` mean.
#[derive(Clone, Copy)]
struct Enclosing<'t> {
    name: &'t str,
    base: Option<Syntax<'t>>,
}

impl<'t> Lowering<'t> for Lower<'t> {
    walk_within!('t);

    fn form(&mut self, node: Syntax<'t>) -> Form<'t> {
        match self.kind(node) {
            Kind::Variable => self.variable(node),
            Kind::Name | Kind::Qualified | Kind::Scope => self.class_name(node),
            Kind::Member => self.member(node),
            Kind::StaticMember => self.static_member(node),
            Kind::Constant => self.class_constant(node),
            Kind::Subscript => self.subscript(node),
            Kind::Call => self.call(node),
            Kind::MethodCall | Kind::StaticCall => self.method_call(node),
            Kind::New => self.new_object(node),
            Kind::Assignment => self.assignment(node),
            Kind::Augmented => self.augmented(node),
            Kind::Step => self.step(node),
            Kind::Array => self.array(node),
            Kind::Binary => self.binary(node),
            Kind::Unary => self.unary(node),
            Kind::Conditional => self.conditional(node),
            Kind::Match => self.matched(node),
            Kind::Through | Kind::Cast => self.through(node),
            Kind::Text | Kind::Interpolated => self.text(node),
            Kind::Number => grammar::number(self.slice(node)).map_or(Form::Other(Vec::new()), Form::Number),
            Kind::Bool => Form::Bool(self.slice(node).eq_ignore_ascii_case("true")),
            Kind::Null => Form::Null,
            Kind::Closure | Kind::Arrow => self.closure(node),
            Kind::Function => self.function(node),
            Kind::Class | Kind::AnonymousClass => self.class(node),
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

    fn binary(&mut self, node: Syntax<'t>) -> Form<'t> {
        let (left, right) = (self.fields.left, self.fields.right);
        match self.operator(node) {
            "??" => Form::Either(Box::new([self.required(node, left), self.required(node, right)])),
            "." => {
                let joined = self.chain(node, left, right, |lower, link| {
                    lower.kind(link) == Kind::Binary && lower.operator(link) == "."
                });
                match joined {
                    Form::Other(parts) => Form::Joined(parts),
                    form => form,
                }
            }
            _ => self.chain(node, left, right, |lower, link| {
                lower.kind(link) == Kind::Binary && !matches!(lower.operator(link), "." | "??")
            }),
        }
    }

    fn operator(&self, node: Syntax<'t>) -> &'t str {
        self.child(node, self.fields.operator).map_or("", |operator| self.slice(operator))
    }

    fn unary(&mut self, node: Syntax<'t>) -> Form<'t> {
        let operator = self.operator(node);
        let mut inner = self.nodes(node);
        match (operator, inner.pop()) {
            ("-", Some(Node { form: Form::Number(number), .. })) => Form::Number(-number),
            (_, inner) => Form::Other(inner.into_iter().collect()),
        }
    }

    fn conditional(&mut self, node: Syntax<'t>) -> Form<'t> {
        let condition = self.required(node, self.fields.condition);
        let otherwise = self.required(node, self.fields.alternative);
        match self.field(node, self.fields.body) {
            Some(then) => Form::Choice(Box::new([condition, then, otherwise])),
            // `a ?: b`
            None => Form::Either(Box::new([condition, otherwise])),
        }
    }
}

fn range(node: Syntax<'_>) -> (u32, u32) {
    (node.start_byte() as u32, node.end_byte() as u32)
}
