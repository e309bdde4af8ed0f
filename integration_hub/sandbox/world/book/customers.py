"""The clients: sixteen with an account in the ERP, one the ERP never heard of."""

from __future__ import annotations

from ..model import Customer

CUSTOMERS = (
    Customer("CUST-1001", "Aldergate Health Systems", "US01", "USD", "US", "NY", "New York",
             "410 Lexington Avenue", "10017", "13-4092718", "Net 30"),
    Customer("CUST-1002", "Aldergate West Clinics LLC", "US01", "USD", "US", "CA", "San Francisco",
             "88 Spear Street", "94105", "94-3187720", "Net 30", parent="CUST-1001", pays="late"),
    Customer("CUST-1003", "Pinecrest Mutual Insurance", "US01", "USD", "US", "NY", "Albany",
             "25 Corporate Woods Boulevard", "12211", "14-1550932", "Net 45"),
    Customer("CUST-1004", "Tidewater Logistics Corp.", "US01", "USD", "US", "CA", "Long Beach",
             "1200 Harbor Scenic Drive", "90802", "95-4410386", "Net 30", pays="in parts"),
    Customer("CUST-1005", "Copperline Energy Inc.", "US01", "USD", "US", "NY", "New York",
             "4 Irving Place", "10003", "13-5009340", "Net 30"),
    Customer("CUST-1006", "Brightwater Retail Group", "US01", "USD", "US", "CA", "Los Angeles",
             "611 Wilshire Boulevard", "90017", "95-2987104", "Net 30", in_erp=False),
    Customer("CUST-2001", "Hollis & Wren plc", "UK01", "GBP", "GB", "", "London",
             "30 Fenchurch Street", "EC3M 3BD", "GB 284 7751 09", "Net 30"),
    Customer("CUST-2002", "Hollis & Wren Wealth Ltd", "UK01", "GBP", "GB", "", "London",
             "30 Fenchurch Street", "EC3M 3BD", "GB 284 7752 06", "Net 30", parent="CUST-2001"),
    Customer("CUST-2003", "Severn Rail Services Ltd", "UK01", "GBP", "GB", "", "Bristol",
             "Temple Gate House", "BS1 6PL", "GB 719 3320 54", "Net 30", pays="late"),
    Customer("CUST-2004", "Castlemere Housing Association", "UK01", "GBP", "GB", "", "Manchester",
             "5 Piccadilly Place", "M1 3BR", "GB 902 1187 43", "Net 14"),
    Customer("CUST-2005", "Orbis Laboratories Ltd", "UK01", "GBP", "GB", "", "Cambridge",
             "Milton Road 184", "CB4 0WS", "GB 355 6029 81", "Net 30", pays="in parts"),
    Customer("CUST-3001", "Lindauer Maschinenbau AG", "DE01", "EUR", "DE", "", "München",
             "Landsberger Straße 302", "80687", "DE811569307", "Net 30"),
    Customer("CUST-3002", "Lindauer Antriebstechnik GmbH", "DE01", "EUR", "DE", "", "Augsburg",
             "Haunstetter Straße 112", "86161", "DE129274202", "Net 30", parent="CUST-3001"),
    Customer("CUST-3003", "Nordlicht Energie AG", "DE01", "EUR", "DE", "", "Hamburg",
             "Überseering 30", "22297", "DE118509725", "Net 14", pays="late"),
    Customer("CUST-3004", "Ateliers Rochefort SA", "DE01", "EUR", "FR", "", "Lyon",
             "12 rue de la République", "69002", "FR40303265045", "Net 45"),
    Customer("CUST-3005", "Rheinbogen Versicherung AG", "DE01", "EUR", "DE", "", "Köln",
             "Konrad-Adenauer-Ufer 23", "50668", "DE122786679", "Net 30"),
    Customer("CUST-3006", "Alpenrose Privatbank AG", "DE01", "CHF", "CH", "", "Zürich",
             "Talstrasse 41", "8001", "CHE-108.954.607", "Net 30"),
)  # fmt: skip
