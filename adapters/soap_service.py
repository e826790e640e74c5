"""How the SOAP service is named, and its description (WSDL 1.1), made of those names.

The names are those of the hospital platforms of WS/T 846, `HIPMessageServer(action, message)`, unless the settings say
otherwise: integration engines call what they were once set up to call.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from adapters.xml_names import NAMESPACE_V3


@dataclass(frozen=True, slots=True)
class Service:
    """How the parts are named. `action` is the other parameter of the operation, which is read past."""

    namespace: str = NAMESPACE_V3
    name: str = "HIPService"
    operation: str = "HIPMessageServer"
    parameter: str = "message"
    result: str = "payload"

    def wsdl(self, address: str) -> bytes:
        """The description of the service at that address."""
        return _WSDL.format(
            namespace=escape(self.namespace),
            name=escape(self.name),
            operation=escape(self.operation),
            parameter=escape(self.parameter),
            result=escape(self.result),
            address=escape(address),
        ).encode()


_WSDL = """<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
 xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:xsd="http://www.w3.org/2001/XMLSchema"
 xmlns:tns="{namespace}" targetNamespace="{namespace}" name="{name}">
 <wsdl:types>
  <xsd:schema targetNamespace="{namespace}" elementFormDefault="qualified">
   <xsd:element name="{operation}"><xsd:complexType><xsd:sequence>
    <xsd:element name="action" type="xsd:string" minOccurs="0"/>
    <xsd:element name="{parameter}" type="xsd:string"/>
   </xsd:sequence></xsd:complexType></xsd:element>
   <xsd:element name="{operation}Response"><xsd:complexType><xsd:sequence>
    <xsd:element name="{result}" type="xsd:string"/>
   </xsd:sequence></xsd:complexType></xsd:element>
  </xsd:schema>
 </wsdl:types>
 <wsdl:message name="{operation}Request"><wsdl:part name="parameters" element="tns:{operation}"/></wsdl:message>
 <wsdl:message name="{operation}Response">
  <wsdl:part name="parameters" element="tns:{operation}Response"/>
 </wsdl:message>
 <wsdl:portType name="{name}PortType">
  <wsdl:operation name="{operation}">
   <wsdl:input message="tns:{operation}Request"/>
   <wsdl:output message="tns:{operation}Response"/>
  </wsdl:operation>
 </wsdl:portType>
 <wsdl:binding name="{name}Soap" type="tns:{name}PortType">
  <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
  <wsdl:operation name="{operation}">
   <soap:operation soapAction="{operation}" style="document"/>
   <wsdl:input><soap:body use="literal"/></wsdl:input>
   <wsdl:output><soap:body use="literal"/></wsdl:output>
  </wsdl:operation>
 </wsdl:binding>
 <wsdl:binding name="{name}Soap12" type="tns:{name}PortType">
  <soap12:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
  <wsdl:operation name="{operation}">
   <soap12:operation soapAction="{operation}" style="document"/>
   <wsdl:input><soap12:body use="literal"/></wsdl:input>
   <wsdl:output><soap12:body use="literal"/></wsdl:output>
  </wsdl:operation>
 </wsdl:binding>
 <wsdl:service name="{name}">
  <wsdl:port name="{name}Soap" binding="tns:{name}Soap"><soap:address location="{address}"/></wsdl:port>
  <wsdl:port name="{name}Soap12" binding="tns:{name}Soap12"><soap12:address location="{address}"/></wsdl:port>
 </wsdl:service>
</wsdl:definitions>
"""
