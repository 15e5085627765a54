package ups

import "github.com/tillpost/tillpost/carriers"

// meaning is what a code says.
type meaning struct {
	status carriers.Status
	reason carriers.Reason
}

// byStatusCode holds UPS's package status codes with its texts for them, from the
// list in the documentation of the Tracking API
// (https://github.com/UPS-API/api-documentation). What recipients ask for and
// news of claims move nothing.
var byStatusCode = map[string]meaning{
	"000": {carriers.StatusInfo, ""},                                         // Status Not Available
	"003": {carriers.StatusInfoReceived, ""},                                 // Shipment Ready for UPS
	"005": {carriers.StatusInTransit, ""},                                    // On the Way
	"006": {carriers.StatusOutForDelivery, ""},                               // Out for Delivery
	"007": {carriers.StatusCanceled, ""},                                     // Shipment Information Voided
	"010": {carriers.StatusInTransit, ""},                                    // On the Way
	"011": {carriers.StatusDelivered, ""},                                    // Delivered
	"012": {carriers.StatusInTransit, carriers.ReasonCustoms},                // Clearance in Progress
	"013": {carriers.StatusException, ""},                                    // Exception
	"014": {carriers.StatusInTransit, ""},                                    // Clearance Completed
	"016": {carriers.StatusInTransit, carriers.ReasonHeld},                   // In Warehouse
	"017": {carriers.StatusAvailableForPickup, ""},                           // Held for Customer Pickup
	"018": {carriers.StatusInfo, ""},                                         // Delivery Change Requested: Hold for Pickup
	"019": {carriers.StatusInTransit, carriers.ReasonHeld},                   // Held for Future Delivery
	"020": {carriers.StatusInfo, ""},                                         // Held for Future Delivery Requested
	"021": {carriers.StatusOutForDelivery, ""},                               // Out for Delivery
	"022": {carriers.StatusDeliveryFailed, ""},                               // First Attempt Made
	"023": {carriers.StatusDeliveryFailed, ""},                               // Second Delivery Attempted
	"024": {carriers.StatusDeliveryFailed, ""},                               // Final Attempt Made
	"025": {carriers.StatusInTransit, ""},                                    // On the Way
	"026": {carriers.StatusDelivered, ""},                                    // Delivered by Local Post Office
	"027": {carriers.StatusInfo, ""},                                         // Delivery Address Change Requested
	"028": {carriers.StatusInfo, ""},                                         // Delivery Address Changed
	"029": {carriers.StatusException, carriers.ReasonActionRequired},         // Exception: Action Required
	"030": {carriers.StatusException, ""},                                    // Local Post Office Exception
	"032": {carriers.StatusInTransit, carriers.ReasonWeather},                // Adverse Weather May Cause Delay
	"033": {carriers.StatusReturning, ""},                                    // Return to Sender Requested
	"034": {carriers.StatusReturned, ""},                                     // Returned to Sender
	"035": {carriers.StatusReturning, ""},                                    // Returning to Sender
	"036": {carriers.StatusReturning, ""},                                    // Returning to Sender: In Transit
	"037": {carriers.StatusOutForDelivery, ""},                               // Out for Delivery
	"038": {carriers.StatusPickedUp, ""},                                     // Picked Up by UPS
	"039": {carriers.StatusInTransit, ""},                                    // On the Way
	"040": {carriers.StatusAvailableForPickup, ""},                           // Ready for Customer Pickup
	"041": {carriers.StatusInfo, ""},                                         // Service Upgrade Requested
	"042": {carriers.StatusInfo, ""},                                         // Service Upgraded
	"043": {carriers.StatusCanceled, ""},                                     // Voided Pickup
	"044": {carriers.StatusInfoReceived, ""},                                 // On the Way to UPS
	"045": {carriers.StatusInfoReceived, ""},                                 // On the Way to UPS
	"046": {carriers.StatusInTransit, carriers.ReasonDelay},                  // Delay
	"047": {carriers.StatusInTransit, ""},                                    // On the Way
	"048": {carriers.StatusInTransit, carriers.ReasonDelay},                  // Delay
	"049": {carriers.StatusException, carriers.ReasonActionRequired},         // Delay: Action Required
	"050": {carriers.StatusException, carriers.ReasonAddressProblem},         // Address Information Required
	"051": {carriers.StatusInTransit, carriers.ReasonWeather},                // Delay: Emergency Situation or Severe Weather
	"052": {carriers.StatusInTransit, carriers.ReasonWeather},                // Delay: Severe Weather
	"053": {carriers.StatusInTransit, carriers.ReasonWeather},                // Delay: Severe Weather
	"054": {carriers.StatusInfo, ""},                                         // Delivery Change Requested
	"055": {carriers.StatusInfo, ""},                                         // Rescheduled Delivery
	"056": {carriers.StatusInfo, ""},                                         // Service Upgrade Requested
	"057": {carriers.StatusInTransit, ""},                                    // On the Way to a Local UPS Access Point™
	"058": {carriers.StatusException, carriers.ReasonCustomsDocuments},       // Clearance Information Required
	"059": {carriers.StatusException, carriers.ReasonDamaged},                // Damage Reported
	"060": {carriers.StatusDeliveryFailed, ""},                               // Delivery Attempted
	"061": {carriers.StatusDeliveryFailed, carriers.ReasonSignatureRequired}, // Delivery Attempted: Adult Signature Required
	"062": {carriers.StatusDeliveryFailed, carriers.ReasonPaymentDue},        // Delivery Attempted: Funds Required
	"063": {carriers.StatusInfo, ""},                                         // Delivery Change Completed
	"064": {carriers.StatusException, carriers.ReasonRecipientRefused},       // Delivery Refused
	"065": {carriers.StatusInfoReceived, ""},                                 // Pickup Attempted
	"066": {carriers.StatusDeliveryFailed, ""},                               // Post Office Delivery Attempted
	"067": {carriers.StatusReturned, ""},                                     // Returned to Sender by Post Office
	"068": {carriers.StatusException, carriers.ReasonLost},                   // Sent to Lost and Found
	"069": {carriers.StatusException, carriers.ReasonUndeliverable},          // Unable to Deliver
	"070": {carriers.StatusInTransit, ""},                                    // Package not at UPS Access Point™ yet
	"071": {carriers.StatusInTransit, ""},                                    // Preparing for Delivery
	"072": {carriers.StatusOutForDelivery, ""},                               // Loaded on Delivery Vehicle
	"073": {carriers.StatusInTransit, ""},                                    // In Transit to UPS Delivery Partner
	"074": {carriers.StatusInTransit, ""},                                    // UPS Delivery Partner has Shipment
	"075": {carriers.StatusInTransit, ""},                                    // Scheduled for Delivery
	"076": {carriers.StatusException, ""},                                    // UPS Delivery Partner Exception
	"077": {carriers.StatusInfoReceived, ""},                                 // Scheduled for Pickup Today
	"078": {carriers.StatusOutForDelivery, ""},                               // Your Driver is Arriving Soon!
	"079": {carriers.StatusInfoReceived, ""},                                 // Order Processed: In Transit to UPS
	"080": {carriers.StatusInfoReceived, ""},                                 // Order Processed: Ready for UPS
	"081": {carriers.StatusReturned, ""},                                     // Returned - Damage Reported
	"082": {carriers.StatusInfo, ""},                                         // Delivery Instructions Received
	"083": {carriers.StatusException, carriers.ReasonHeld},                   // Held
	"084": {carriers.StatusInTransit, ""},                                    // Cleared
	"085": {carriers.StatusException, carriers.ReasonPaymentDue},             // Held for COD Payment
	"086": {carriers.StatusInTransit, carriers.ReasonDelay},                  // Delay
	"087": {carriers.StatusInTransit, ""},                                    // On the Way
	"088": {carriers.StatusInfo, ""},                                         // Test
	"089": {carriers.StatusOutForDelivery, ""},                               // Out for Delivery
	"090": {carriers.StatusInTransit, carriers.ReasonDelay},                  // Delay
	"091": {carriers.StatusOutForDelivery, ""},                               // Out for Delivery
	"092": {carriers.StatusInTransit, carriers.ReasonCustoms},                // Customs Clearance in Progress
	"093": {carriers.StatusInfo, ""},                                         // Premier Recovery In Progress
	"094": {carriers.StatusInfo, ""},                                         // Premier Recovery Completed
	"095": {carriers.StatusInfo, ""},                                         // Additional Attempt Requested
	"096": {carriers.StatusInfo, ""},                                         // Address Change Confirmed
	"097": {carriers.StatusInfo, ""},                                         // Address Change Requested
	"098": {carriers.StatusInfo, ""},                                         // Deliver to Original Address Requested
	"099": {carriers.StatusInfo, ""},                                         // Deliver to Original Address Confirmed
	"100": {carriers.StatusInfo, ""},                                         // Hold at UPS Access Point™ Confirmed
	"101": {carriers.StatusInfo, ""},                                         // Hold at UPS Access Point™ Requested
	"102": {carriers.StatusInfo, ""},                                         // Hold for Courier Requested
	"103": {carriers.StatusInfo, ""},                                         // Hold for Courier Confirmed
	"104": {carriers.StatusInfo, ""},                                         // Hold for Instructions Confirmed
	"105": {carriers.StatusInfo, ""},                                         // Hold for Instructions Requested
	"106": {carriers.StatusInfo, ""},                                         // Hold for Pickup Confirmed
	"107": {carriers.StatusInfo, ""},                                         // Hold for Pickup Requested
	"108": {carriers.StatusInfo, ""},                                         // Hold for Pickup Today Confirmed
	"109": {carriers.StatusInfo, ""},                                         // Hold for Pickup Today Requested
	"110": {carriers.StatusInfo, ""},                                         // Refrigeration Confirmed
	"111": {carriers.StatusInfo, ""},                                         // Refrigeration Requested
	"112": {carriers.StatusInfo, ""},                                         // Re-Ice Confirmed
	"113": {carriers.StatusInfo, ""},                                         // Re-Ice Requested
	"114": {carriers.StatusInfo, ""},                                         // Request Canceled
	"115": {carriers.StatusInfo, ""},                                         // Reschedule Delivery Confirmed
	"116": {carriers.StatusInfo, ""},                                         // Reschedule Delivery Requested
	"117": {carriers.StatusInfo, ""},                                         // Return by Saturday Confirmed
	"118": {carriers.StatusReturning, ""},                                    // Return to Sender Confirmed
	"119": {carriers.StatusReturning, ""},                                    // Return to Sender Requested
	"120": {carriers.StatusInfo, ""},                                         // Saturday Delivery Confirmed
	"121": {carriers.StatusInfo, ""},                                         // Saturday Delivery Requested
	"122": {carriers.StatusInfo, ""},                                         // Upgrade Confirmed
	"123": {carriers.StatusException, carriers.ReasonCustoms},                // Pending Release From Non-UPS Broker
	"124": {carriers.StatusException, carriers.ReasonCustomsDocuments},       // Clearance Information Needed
	"125": {carriers.StatusException, carriers.ReasonCustomsDocuments},       // Clearance Information Needed
	"126": {carriers.StatusException, carriers.ReasonCustoms},                // Pending Government Agency Release
	"127": {carriers.StatusInfo, ""},                                         // Investigation Closed
	"128": {carriers.StatusInfo, ""},                                         // Investigation Canceled
	"129": {carriers.StatusInfo, ""},                                         // Investigation Opened
	"130": {carriers.StatusInfo, ""},                                         // Claim in Progress
	"131": {carriers.StatusInfoReceived, ""},                                 // Final Pickup Attempted
	"132": {carriers.StatusException, carriers.ReasonSecurityCheck},          // Airport Security Delay
	"133": {carriers.StatusInfo, ""},                                         // Return Label Left With Customer
	"134": {carriers.StatusInTransit, ""},                                    // Cleared Import Customs
	"135": {carriers.StatusInfoReceived, ""},                                 // Second Pickup Attempted
	"136": {carriers.StatusInfo, ""},                                         // Delivery Rescheduled for Saturday
	"137": {carriers.StatusInTransit, ""},                                    // Transferred to UPS Delivery Partner
	"138": {carriers.StatusInTransit, ""},                                    // Awaiting Scheduled Departure
	"139": {carriers.StatusException, carriers.ReasonAccessRestricted},       // Security Access Required
	"140": {carriers.StatusInfo, ""},                                         // Claim Paid - Claim Payment Has Been Processed.
	"141": {carriers.StatusInfo, ""},                                         // Incomplete Documentation Received
	"142": {carriers.StatusInfo, ""},                                         // Claim Voided
	"143": {carriers.StatusDelivered, ""},                                    // Delivered to Agent
	"144": {carriers.StatusAvailableForPickup, ""},                           // Delivered to Post Office for Pickup
	"145": {carriers.StatusDeliveryFailed, ""},                               // Delivery Attempted
	"146": {carriers.StatusOutForDelivery, ""},                               // Out for Delivery
	"147": {carriers.StatusException, carriers.ReasonSeized},                 // Seized by Law Enforcement, No Longer in UPS possession
	"148": {carriers.StatusInfo, ""},                                         // Package Information Unavailable
	"149": {carriers.StatusException, carriers.ReasonDestroyed},              // Prohibited Contents, Package Destroyed No Longer in UPS possession
	"153": {carriers.StatusInfo, ""},                                         // Updated Delivery Time
	"154": {carriers.StatusInfo, ""},                                         // Updated Delivery Date
	"155": {carriers.StatusInfo, ""},                                         // Delivery Photo
	"156": {carriers.StatusInfo, ""},                                         // Commercial Inside Release
	"157": {carriers.StatusInfoReceived, ""},                                 // Shipment Ready for UPS
	"158": {carriers.StatusInTransit, ""},                                    // On the Way
	"159": {carriers.StatusInTransit, ""},                                    // On the Way
	"160": {carriers.StatusPickedUp, ""},                                     // We Have Your Package
	"161": {carriers.StatusAvailableForPickup, ""},                           // Delivered to UPS Access Point
	"162": {carriers.StatusOutForDelivery, ""},                               // Out for Delivery
	"163": {carriers.StatusInfo, ""},                                         // Package Information Unavailable
	"164": {carriers.StatusInTransit, ""},                                    // On the Way
	"165": {carriers.StatusInTransit, ""},                                    // On the Way
	"166": {carriers.StatusInfoReceived, ""},                                 // Shipment Ready for Roadie
	"167": {carriers.StatusPickedUp, ""},                                     // Dropped off at UPS Store by Customer
	"168": {carriers.StatusPickedUp, ""},                                     // Dropped off at Retail Location by Customer
	"169": {carriers.StatusPickedUp, ""},                                     // Dropped off at a UPS Access Point by Customer
}

// byTypeAndCode holds the two-letter codes that say more than the type of an
// activity. Without the type they are ambiguous: DL is no delivery.
var byTypeAndCode = map[[2]string]meaning{
	{"D", "F4"}: {carriers.StatusDelivered, ""},
	{"D", "FS"}: {carriers.StatusDelivered, ""},
	{"D", "KB"}: {carriers.StatusDelivered, ""},
	{"D", "OT"}: {carriers.StatusOutForDelivery, ""}, // Track Alert files it under D
	{"I", "OT"}: {carriers.StatusOutForDelivery, ""},
	{"X", "DL"}: {carriers.StatusReturning, ""}, // will be returned to the sender
	{"X", "OT"}: {carriers.StatusException, carriers.ReasonCustomsDocuments},
}

// byType holds the types of activities from the same documentation. D is not
// among them: it is also the type of scans on the way to a delivery.
var byType = map[string]meaning{
	"I":  {carriers.StatusInTransit, ""},
	"M":  {carriers.StatusInfoReceived, ""},
	"MV": {carriers.StatusCanceled, ""},
	"X":  {carriers.StatusException, ""},
}

// byErrorCode holds the codes of errors and warnings that say more than the HTTP
// status they come with.
var byErrorCode = map[string]carriers.ErrorKind{
	"TW0001": carriers.ErrNotFound, // a warning in an HTTP 200
	"TV1002": carriers.ErrBadRequest,
	"10429":  carriers.ErrRateLimited,
	"250002": carriers.ErrAuth,
	"250003": carriers.ErrAuth,
	"251004": carriers.ErrAuth,
	"UJ0001": carriers.ErrAuth,
}
