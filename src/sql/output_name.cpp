// SPDX-License-Identifier: Apache-2.0
// An expression → the name of its column: parse_target.c FigureColnameInternal.
#include "output_name.hpp"

#include "lower.hpp"

namespace pgsluice::sql {

namespace {

/// A cast gives way to a strong name only.
struct Figured {
  Name name;
  bool strong = false;
};

Figured figure(::Node* node);

Name last_field(const ::List* indirection) {
  Name field;
  for (::Node* part : each(indirection)) {
    if (part->type == T_String) field = string_value(part);
  }
  return field;
}

Figured name_of_sublink(const ::SubLink* link) {
  if (link->subLinkType == EXISTS_SUBLINK) return {"exists", true};
  if (link->subLinkType == ARRAY_SUBLINK) return {"array", true};
  auto* select = as<::SelectStmt>(link->subselect, T_SelectStmt);
  while (select != nullptr && select->larg != nullptr) select = select->larg;
  if (link->subLinkType != EXPR_SUBLINK || select == nullptr) return {};
  if (length(select->targetList) == 0)
    return length(select->valuesLists) > 0 ? Figured{"column1", true} : Figured{};
  auto* first = static_cast<::ResTarget*>(select->targetList->elements[0].ptr_value);
  return {first->name != nullptr ? Name(view(first->name)) : figure(first->val).name, true};
}

std::string_view name_of_value_function(SQLValueFunctionOp function) {
  switch (function) {
    case SVFOP_CURRENT_DATE: return "current_date";
    case SVFOP_CURRENT_TIME:
    case SVFOP_CURRENT_TIME_N: return "current_time";
    case SVFOP_CURRENT_TIMESTAMP:
    case SVFOP_CURRENT_TIMESTAMP_N: return "current_timestamp";
    case SVFOP_LOCALTIME:
    case SVFOP_LOCALTIME_N: return "localtime";
    case SVFOP_LOCALTIMESTAMP:
    case SVFOP_LOCALTIMESTAMP_N: return "localtimestamp";
    case SVFOP_CURRENT_ROLE: return "current_role";
    case SVFOP_CURRENT_USER: return "current_user";
    case SVFOP_USER: return "user";
    case SVFOP_SESSION_USER: return "session_user";
    case SVFOP_CURRENT_CATALOG: return "current_catalog";
    case SVFOP_CURRENT_SCHEMA: return "current_schema";
  }
  return {};
}

std::string_view name_of_xml(XmlExprOp operation) {
  switch (operation) {
    case IS_XMLCONCAT: return "xmlconcat";
    case IS_XMLELEMENT: return "xmlelement";
    case IS_XMLFOREST: return "xmlforest";
    case IS_XMLPARSE: return "xmlparse";
    case IS_XMLPI: return "xmlpi";
    case IS_XMLROOT: return "xmlroot";
    case IS_XMLSERIALIZE: return "xmlserialize";
    case IS_DOCUMENT: break;
  }
  return {};
}

std::string_view name_of_json_function(JsonExprOp operation) {
  switch (operation) {
    case JSON_EXISTS_OP: return "json_exists";
    case JSON_QUERY_OP: return "json_query";
    case JSON_VALUE_OP: return "json_value";
    case JSON_TABLE_OP: break;
  }
  return {};
}

/// Of a node whose kind says it.
std::string_view fixed_name(const ::Node* node) {
  switch (node->type) {
    case T_A_Expr: return reinterpret_cast<const ::A_Expr*>(node)->kind == AEXPR_NULLIF ? "nullif" : "";
    case T_GroupingFunc: return "grouping";
    case T_MergeSupportFunc: return "merge_action";
    case T_A_ArrayExpr: return "array";
    case T_RowExpr: return "row";
    case T_CoalesceExpr: return "coalesce";
    case T_MinMaxExpr:
      return reinterpret_cast<const ::MinMaxExpr*>(node)->op == IS_GREATEST ? "greatest" : "least";
    case T_SQLValueFunction:
      return name_of_value_function(reinterpret_cast<const ::SQLValueFunction*>(node)->op);
    case T_XmlExpr: return name_of_xml(reinterpret_cast<const ::XmlExpr*>(node)->op);
    case T_XmlSerialize: return "xmlserialize";
    case T_JsonParseExpr: return "json";
    case T_JsonScalarExpr: return "json_scalar";
    case T_JsonSerializeExpr: return "json_serialize";
    case T_JsonObjectConstructor: return "json_object";
    case T_JsonArrayConstructor:
    case T_JsonArrayQueryConstructor: return "json_array";
    case T_JsonObjectAgg: return "json_objectagg";
    case T_JsonArrayAgg: return "json_arrayagg";
    case T_JsonFuncExpr: return name_of_json_function(reinterpret_cast<const ::JsonFuncExpr*>(node)->op);
    default: return {};
  }
}

Figured figure(::Node* node) {
  if (node == nullptr) return {};
  switch (node->type) {
    case T_ColumnRef: return {last_field(reinterpret_cast<::ColumnRef*>(node)->fields), true};
    case T_FuncCall: return {last_field(reinterpret_cast<::FuncCall*>(node)->funcname), true};
    case T_A_Indirection: {
      auto* part = reinterpret_cast<::A_Indirection*>(node);
      const Name field = last_field(part->indirection);
      return field.empty() ? figure(part->arg) : Figured{field, true};
    }
    case T_CollateClause: return figure(reinterpret_cast<::CollateClause*>(node)->arg);
    case T_TypeCast: {
      auto* cast = reinterpret_cast<::TypeCast*>(node);
      const Figured inner = figure(cast->arg);
      return inner.strong ? inner : Figured{type_name(cast->typeName).name, false};
    }
    case T_CaseExpr: {
      const Figured other = figure(reinterpret_cast<::Node*>(reinterpret_cast<::CaseExpr*>(node)->defresult));
      return other.strong ? other : Figured{"case", false};
    }
    case T_SubLink: return name_of_sublink(reinterpret_cast<::SubLink*>(node));
    default: {
      const std::string_view name = fixed_name(node);
      return {name, !name.empty()};
    }
  }
}

}  // namespace

Name output_name(::Node* node) {
  return figure(node).name;
}

}  // namespace pgsluice::sql
